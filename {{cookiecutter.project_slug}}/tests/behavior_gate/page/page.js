"use strict";

// Text gets into the page by textContent alone: nothing in the data is read as HTML.

const KINDS = ["held", "database", "thread", "idle"];
const WORDS = {
  held: "held: a callback runs",
  database: "waiting for the database",
  thread: "waiting for a thread",
  idle: "idle, or waiting for something else",
};
const HEIGHTS = { held: 28, database: 20, thread: 12, idle: 4 };
const SVG = "http://www.w3.org/2000/svg";
const ROWS = 1000;

// Words

function duration(microseconds) {
  const ms = microseconds / 1000;
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function place(frame) {
  return `${frame.path}:${frame.line} in ${frame.function}`;
}

function holder(stack) {
  // Most holds are over before anybody can look, or end in a library that nobody's line has called.
  return stack.length ? place(stack[0]) : "no line was seen";
}

// What is searched, filtered and sorted

function parseState(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (name, other) => values.get(name) || other;
  return { q: read("q", ""), show: read("show", "all"), family: read("family", "all"), sort: read("sort", "took") };
}

function formatState(state) {
  const values = new URLSearchParams();
  if (state.q) values.set("q", state.q);
  if (state.show !== "all") values.set("show", state.show);
  if (state.family !== "all") values.set("family", state.family);
  if (state.sort !== "took") values.set("sort", state.sort);
  return values.toString();
}

function hasAll(text, query) {
  const where = text.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => where.includes(word));
}

function hasFailed(test) {
  return test.outcome === "failed" || test.outcome === "error";
}

function shownFindings(data, state) {
  return data.findings.filter((one) =>
    (state.family === "all" || one.rule.startsWith(`${state.family}.`)) &&
    hasAll([one.rule, one.what, one.path, one.function, ...one.tests.map((n) => data.tests[n].id)].join(" "), state.q));
}

function shownTests(data, state) {
  const rules = data.tests.map(() => []);
  for (const one of data.findings) for (const n of one.tests) rules[n].push(`${one.rule} ${one.what} ${one.path}`);
  const numbers = data.tests.map((_, n) => n).filter((n) => {
    const test = data.tests[n];
    if (state.show === "findings" && !rules[n].length) return false;
    if (state.show === "failed" && !hasFailed(test)) return false;
    if (state.show === "details" && !data.details[n]) return false;
    if (state.family !== "all" && !rules[n].some((rule) => rule.startsWith(`${state.family}.`))) return false;
    return hasAll([test.id, ...rules[n]].join(" "), state.q);
  });
  if (state.sort === "id") return numbers.sort((a, b) => (data.tests[a].id < data.tests[b].id ? -1 : 1));
  return numbers.sort((a, b) => (data.tests[b][state.sort] || 0) - (data.tests[a][state.sort] || 0));
}

// Elements

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

function drawn(name, attributes, title) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (title) {
    const text = document.createElementNS(SVG, "title");
    text.textContent = title;
    node.append(text);
  }
  return node;
}

function table(caption, heads, rows) {
  const head = element("tr", null, ...heads.map(([text, kind]) => element("th", { scope: "col", class: kind }, text)));
  const body = rows.map((cells) => element("tr", null, ...cells.map((cell, n) => element("td", { class: heads[n][1] }, cell))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", null, element("caption", null, caption), element("thead", null, head), element("tbody", null, ...body)));
}

function testLink(data, n) {
  return element("a", { class: "path", href: `#test=${encodeURIComponent(data.tests[n].id)}` }, data.tests[n].id);
}

function legend() {
  return element("ul", { class: "legend" }, ...KINDS.map((kind) => element("li", null, element("i", { class: kind }), WORDS[kind])));
}

function shares(test) {
  const sum = KINDS.reduce((total, kind) => total + test[kind], 0) || 1;
  return KINDS.map((kind) => [kind, test[kind], (100 * test[kind]) / sum]);
}

function rest(totals) {
  const others = totals.took - KINDS.reduce((total, kind) => total + totals[kind], 0);
  // Several loops may run at once.
  return others <= 0 ? [] : [element("p", { class: "soft" }, `In the other ${duration(others)} of the tests, no event loop ran: fixtures, plain tests, pytest and the gate.`)];
}

function split(test, large) {
  const label = shares(test).map(([kind, took]) => `${kind} ${duration(took)}`).join(", ");
  return element("div", { class: large ? "split large" : "split", role: "img", "aria-label": label },
    ...shares(test).map(([kind, , share]) => {
      const part = element("div", { class: kind });
      part.style.width = `${share}%`;
      return part;
    }));
}

function stackOf(stack, open) {
  const frames = stack.map((frame) => element("li", null, element("span", { class: "path" }, place(frame)),
    frame.text ? element("pre", null, element("span", null, frame.text)) : null));
  return element("details", { open }, element("summary", null, `Stack: ${plural(stack.length, "line")}, the innermost call first`), element("ol", null, ...frames));
}

// Findings

function findingCard(data, one) {
  const words = { failed: "fails the test", warned: "only warned of", known: "in the baseline" };
  const link = element("a", { href: `#finding-${one.id}`, "aria-label": `Link to this finding: ${one.rule}` }, "link");
  const card = element("article", { class: `finding ${one.outcome}`, id: `finding-${one.id}`, "aria-labelledby": `title-${one.id}`, tabindex: "-1" },
    element("header", null, element("h3", { id: `title-${one.id}` }, one.rule), element("span", { class: "soft" }, words[one.outcome]), link),
    element("p", { class: "what" }, one.what));
  if (one.path) card.append(element("p", { class: "path" }, place(one)));
  if (one.source.length) {
    card.append(element("pre", { tabindex: "0", "aria-label": `Source of ${one.path}` }, ...one.source.map(([number, text]) =>
      element("span", number === one.line ? { class: "hit", "aria-current": "true" } : null, `${String(number).padStart(4)}  ${text}`))));
  }
  card.append(element("p", null, element("b", null, "Why: "), `${one.why}.`), element("p", null, element("b", null, "Fix: "), `${one.fix}.`));
  if (one.stack.length > 1) card.append(stackOf(one.stack, false));
  const items = one.tests.map((n) => element("li", null, testLink(data, n)));
  if (items.length > 3) card.append(element("details", null, element("summary", null, `Met by ${items.length} tests`), element("ul", null, ...items)));
  else if (items.length) card.append(element("p", null, element("b", null, "Met by:")), element("ul", null, ...items));
  else card.append(element("p", { class: "soft" }, "Found outside any test."));
  return card;
}

// The timeline of a test

function lane(name, took, height, label, nodes) {
  const svg = drawn("svg", { height, role: "img", "aria-label": label });
  svg.append(...nodes);
  return [element("div", { class: "lane" }, name), svg];
}

function box(took, start, length, y, height, kind, title) {
  const total = Math.max(took, 1);
  return drawn("rect", { x: `${(100 * start) / total}%`, width: `${Math.max((100 * length) / total, 0.08)}%`, y, height, class: kind }, title);
}

function rowsOf(spans) {
  // Spans that overlap are drawn below each other.
  const ends = [];
  return spans.map(([start, length]) => {
    let row = ends.findIndex((end) => end <= start);
    if (row < 0) row = ends.length;
    ends[row] = start + length;
    return row;
  });
}

function stacked(took, spans, boxes) {
  const rows = rowsOf(spans);
  const nodes = spans.map(([start, length], n) => box(took, start, length, 2 + 12 * rows[n], 9, ...boxes[n]));
  return [4 + 12 * (Math.max(-1, ...rows) + 1), nodes];
}

function timeline(test, detail) {
  const took = test.took;
  const parts = [];
  let from = 0;
  const phases = detail.phases.flatMap(([name, until]) => {
    const nodes = [box(took, from, until - from, 0, 18, "phase", `${name}: ${duration(until - from)}`)];
    if (until - from > took / 12) {
      const text = drawn("text", { x: `${(100 * (from + (until - from) / 2)) / Math.max(took, 1)}%`, y: 13, "text-anchor": "middle" });
      text.textContent = name;
      nodes.push(text);
    }
    from = until;
    return nodes;
  });
  const words = detail.phases.map(([name, until], n) => `${name} ${duration(until - (n ? detail.phases[n - 1][1] : 0))}`);
  parts.push(...lane("phase", took, 18, words.join(", "), phases));
  detail.loops.forEach((stretches, n) => {
    const nodes = stretches.map(([kind, start, length]) => box(took, start, length, 28 - HEIGHTS[kind], HEIGHTS[kind], kind, `${WORDS[kind]}, ${duration(length)} from ${duration(start)} on`));
    const label = shares(test).map(([kind, time]) => `${kind} ${duration(time)}`).join(", ");
    parts.push(...lane(n ? `event loop ${n + 1}` : "event loop", took, 28, label, nodes));
  });
  if (detail.requests.length) {
    const [height, nodes] = stacked(took, detail.requests.map((one) => one.slice(2, 4)), detail.requests.map(([label, status, , length, queries]) =>
      [status >= 500 || status === null ? "request wrong" : "request", `${label}, ${status ?? "no answer"}, ${duration(length)}, ${queries} queries`]));
    parts.push(...lane("requests", took, height, plural(detail.requests.length, "request"), nodes));
  }
  if (detail.connections.length) {
    const [height, nodes] = stacked(took, detail.connections.map((one) => one.slice(2, 4)), detail.connections.map(([where, request, , length]) =>
      ["connection", `held for ${duration(length)} by ${request === null ? "the test" : detail.requests[request][0]}${where ? `, taken at ${where}` : ""}`]));
    parts.push(...lane("connections", took, height, `${plural(detail.connections.length, "connection")} held`, nodes));
  }
  parts.push(element("div"), element("div", { class: "axis", "aria-hidden": "true" }, element("span", null, "0"), element("span", null, duration(took / 2)), element("span", null, duration(took))));
  return element("div", { class: "timeline" }, ...parts);
}

function detailOf(data, n) {
  const test = data.tests[n], detail = data.details[n];
  const body = element("div", null, timeline(test, detail), legend());
  const found = data.findings.filter((one) => one.tests.includes(n));
  if (found.length) {
    body.append(element("p", null, element("b", null, "Findings:")), element("ul", null, ...found.map((one) =>
      element("li", null, element("a", { href: `#finding-${one.id}` }, one.rule), ` ${one.path ? place(one) : one.what}`))));
  }
  if (detail.holds.length) {
    body.append(table("Longest holds of this test", [["held by", "name"], ["from", "number wide"], ["held for", "number"]],
      detail.holds.map(([start, length, stack]) => [holder(stack), duration(start), duration(length)])));
  }
  if (detail.requests.length) {
    body.append(table("Requests of this test", [["request", "name"], ["status", "number"], ["time", "number"], ["queries", "number"], ["their time", "number wide"]],
      detail.requests.map(([label, status, , length, queries, sql]) => [label, status ?? "none", duration(length), queries, duration(sql)])));
  }
  if (detail.connections.length) {
    body.append(table("Connections held", [["taken at", "name"], ["for", "name wide"], ["from", "number wide"], ["held for", "number"]],
      detail.connections.map(([where, request, start, length]) => [where ?? "the tests", request === null ? "the test" : detail.requests[request][0], duration(start), duration(length)])));
  }
  if (detail.statements.length) {
    body.append(table("Statements of this test", [["statement", "name"], ["for", "wide"], ["times", "number"], ["time", "number"]],
      detail.statements.map(([text, request, times, sql]) => [element("code", null, text), request === null ? "the test" : detail.requests[request][0], times, duration(sql)])));
  }
  return body;
}

// The page

class Page {
  constructor(data) {
    this.data = data;
    this.state = parseState("");
    this.open = new Set();
  }

  start() {
    const { data } = this;
    const at = (id) => document.getElementById(id);
    at("suite").textContent = data.suite;
    const failed = data.findings.filter((one) => one.outcome === "failed").length;
    const bad = data.tests.filter(hasFailed).length;
    at("verdict").append(
      failed ? element("span", { class: "bad" }, `${plural(failed, "finding")} to fix`) : element("span", { class: "good" }, "nothing to fix"),
      element("span", { class: "soft" }, ` · ${plural(data.tests.length, "test")}, ${bad || "none"} failed · ${duration(data.totals.took)} in tests · ${data.made}`));
    if (data.blind_spots.length) {
      at("blind").hidden = false;
      at("blind").append(element("b", null, "Blind spots: "), data.blind_spots.join("; "));
    }
    for (const family of new Set(data.findings.map((one) => one.rule.split(".")[0]))) at("family").append(element("option", { value: family }, family));
    at("time-body").append(split(data.totals, true), legend(), table("All tests", [["", "name"], ["time", "number"], ["share", "number"]],
      shares(data.totals).map(([kind, took, share]) => [WORDS[kind], duration(took), `${share.toFixed(0)} %`])), ...rest(data.totals));
    at("hold-body").append(data.holds.length ? table("The longest first", [["held for", "number"], ["by", "name"], ["in", "name"]],
      data.holds.map((one) => [duration(one.took), this.holder(one), testLink(data, one.test)])) : element("p", null, "No callback took 5 ms."));
    at("request-body").append(data.requests.length ? table("By the time that they took in all", [["request", "name"], ["times", "number"], ["mean time", "number"], ["slowest", "number wide"], ["queries, mean", "number"], ["most", "number wide"], ["their time, mean", "number wide"]],
      data.requests.map((one) => [one.label, one.count, duration(one.took / one.count), duration(one.slowest), (one.queries / one.count).toFixed(1), one.most, duration(one.sql / one.count)])) : element("p", null, "The tests sent no requests."));
    at("statement-body").append(data.statements.length ? table("By the time that they took in all", [["statement", "name"], ["times", "number"], ["time in all", "number"], ["mean", "number wide"]],
      data.statements.map(([text, times, sql]) => [element("code", null, text), times, duration(sql), duration(sql / times)])) : element("p", null, "No statement of SQLAlchemy was sent."));
    for (const id of ["query", "show", "family"]) at(id).addEventListener("input", () => this.read());
    at("clear").addEventListener("click", () => this.go({ ...parseState(""), sort: this.state.sort }));
    addEventListener("hashchange", () => this.follow());
    addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      at("query").focus();
    });
    this.show();
    this.follow();
  }

  holder(one) {
    const inner = element("span", { class: one.stack.length ? "path" : "soft" }, holder(one.stack));
    return one.stack.length > 1 ? element("div", null, inner, stackOf(one.stack, false)) : inner;
  }

  read() {
    const value = (id) => document.getElementById(id).value;
    this.go({ ...this.state, q: value("query"), show: value("show"), family: value("family") });
  }

  go(state) {
    this.state = state;
    history.replaceState(null, "", `#${formatState(state)}`);
    this.show();
  }

  follow() {
    const hash = location.hash;
    if (hash.startsWith("#finding-")) {
      if (!document.getElementById(hash.slice(1))) this.reveal();
      this.focus(document.getElementById(hash.slice(1)));
    } else if (hash.startsWith("#test=")) {
      const id = decodeURIComponent(hash.slice(6));
      const n = this.data.tests.findIndex((test) => test.id === id);
      if (n < 0) return;
      if (this.data.details[n]) this.open.add(n);
      if (!shownTests(this.data, this.state).slice(0, ROWS).includes(n)) this.reveal(id);
      else this.showTests();
      this.focus(document.getElementById(`test-${n}`));
    } else if (hash.includes("=")) {
      this.state = parseState(hash);
      this.show();
    }
  }

  reveal(q = "") {
    this.state = { ...parseState(""), q, sort: this.state.sort };
    this.show();
  }

  focus(node) {
    if (!node) return;
    node.scrollIntoView({ block: "start" });
    node.focus({ preventScroll: true });
  }

  show() {
    const { data, state } = this;
    for (const [id, value] of [["query", state.q], ["show", state.show], ["family", state.family]]) document.getElementById(id).value = value;
    const findings = shownFindings(data, state);
    const none = data.findings.length ? "No finding matches." : "Nothing was found.";
    document.getElementById("finding-list").replaceChildren(...(findings.length ? findings.map((one) => findingCard(data, one)) : [element("p", null, none)]));
    const shown = this.showTests();
    document.getElementById("count").textContent = `${plural(findings.length, "finding")}, ${plural(shown, "test")}`;
  }

  showTests() {
    const { data, state } = this;
    const numbers = shownTests(data, state);
    const columns = [["id", "test", "name"], ["outcome", "outcome", ""], ["took", "time", "number"], ["held", "held", "number wide"], ["database", "database", "number wide"], ["thread", "thread", "number wide"], ["idle", "idle", "number wide"], ["queries", "queries", "number wide"], ["", "event loop", "wide"]];
    const heads = columns.map(([key, text, kind]) => {
      if (!key || key === "outcome") return element("th", { scope: "col", class: kind }, text);
      const button = element("button", { type: "button" }, text);
      button.addEventListener("click", () => { this.go({ ...this.state, sort: key }); document.getElementById(`sort-${key}`).focus(); });
      button.id = `sort-${key}`;
      const sorted = key === "id" ? "ascending" : "descending";
      return element("th", { scope: "col", class: kind, "aria-sort": state.sort === key ? sorted : null }, button, state.sort === key ? (key === "id" ? " ▲" : " ▼") : "");
    });
    const rows = numbers.slice(0, ROWS).flatMap((n) => this.testRows(n, columns));
    const more = numbers.length > ROWS ? [element("p", { class: "note" }, `The first ${ROWS} of ${numbers.length} tests. Search for the others.`)] : [];
    document.getElementById("test-body").replaceChildren(legend(), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tests" },
      element("table", null, element("caption", null, "A test with ▸ has a timeline: those that failed, with findings, and the slowest. Where that is blank, no event loop ran."),
        element("thead", null, element("tr", null, ...heads)), element("tbody", { id: "rows" }, ...rows))), ...more);
    return numbers.length;
  }

  testRows(n, columns) {
    const { data } = this;
    const test = data.tests[n];
    const is_open = this.open.has(n);
    let name = element("span", { class: "path" }, test.id);
    if (data.details[n]) {
      name = element("button", { type: "button", class: "path", "aria-expanded": String(is_open), "aria-controls": `more-${n}` }, test.id);
      name.addEventListener("click", () => this.toggle(n, name));
    }
    const row = element("tr", { id: `test-${n}`, tabindex: "-1" },
      element("th", { scope: "row", class: "name" }, name),
      element("td", { class: hasFailed(test) ? "bad" : "" }, test.outcome),
      ...["took", "held", "database", "thread", "idle"].map((key, i) => element("td", { class: columns[i + 2][2] }, duration(test[key]))),
      element("td", { class: "number wide" }, String(test.queries)),
      element("td", { class: "wide" }, split(test, false)));
    return is_open ? [row, this.moreRow(n, columns.length)] : [row];
  }

  moreRow(n, width) {
    return element("tr", { class: "more", id: `more-${n}` }, element("td", { colspan: width }, detailOf(this.data, n)));
  }

  toggle(n, button) {
    const is_open = !this.open.has(n);
    button.setAttribute("aria-expanded", String(is_open));
    if (is_open) {
      this.open.add(n);
      document.getElementById(`test-${n}`).after(this.moreRow(n, 9));
    } else {
      this.open.delete(n);
      document.getElementById(`more-${n}`).remove();
    }
  }
}

if (typeof document !== "undefined") new Page(JSON.parse(document.getElementById("data").textContent)).start();
