"""How the gate knows a secret: in which forms, by which names, and what is none."""

import base64
import hashlib
import json
import os
import traceback
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from support.gate import load

forms, fields, keys, tracebacks = (
    load(f"detectors.secrets.{name}") for name in ("forms", "fields", "keys", "tracebacks")
)

PASSWORD = 'correct "hörse" 😀 9 & battery/+'
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
KEY = "09d25e094faa6ca2556c818166b7a956"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def token(**claims: str) -> str:
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": "ada", **claims}))
    head, payload = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{payload}.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"login with {PASSWORD}",
        json.dumps({"form": PASSWORD}),
        json.dumps({"form": PASSWORD}, ensure_ascii=False),
        json.dumps(json.dumps({"form": PASSWORD})),
        f"/login?password={quote(PASSWORD)}",
        f"user=ada&password={quote_plus(PASSWORD)}",
        f"/next?to={quote('/login?p=' + quote(PASSWORD, safe=''), safe='')}",
        f"Basic {encoded(f'ada:{PASSWORD}')}",
        f"session={encoded(json.dumps({'form': PASSWORD}))}; HttpOnly",
        f"session={quote(encoded(json.dumps({'form': PASSWORD})))}; HttpOnly",
        token(password=PASSWORD),
        f"/d/{base64.urlsafe_b64encode(PASSWORD.encode()).decode().rstrip('=')}/x",
        PASSWORD.encode().hex(),
        f"<p>{PASSWORD.replace('&', '&amp;').replace(chr(34), '&#34;')}</p>",
        f"\x1b[36mform\x1b[0m=\x1b[35m{PASSWORD}\x1b[0m",
    ],
)
def test_a_password_is_read_in_any_encoding(text: str) -> None:
    assert forms.is_logged(PASSWORD, forms.readings(text))
    assert forms.echoes(PASSWORD, "message", text)


@pytest.mark.parametrize(
    "text",
    [
        "an ordinary line of a log",
        f"image {base64.b64encode(os.urandom(3000)).decode()}",
        token(email="ada@example.com"),
        "%zz &nope; \\",
        "",
    ],
)
def test_what_is_no_password_is_read_and_passes(text: str) -> None:
    assert not forms.is_logged(PASSWORD, forms.readings(text))
    assert not forms.has_hash(forms.readings(text))


def group_of_errors() -> BaseException:
    """Two errors with a note, for which one is the cause that hides its own context."""
    cause = KeyError("hidden")
    cause.__context__, cause.__suppress_context__ = ValueError("cut off"), True
    group = ExceptionGroup("two at once", [OSError("first"), OSError("second")])
    group.add_note("a note")
    group.__cause__ = cause
    return group


def test_of_an_error_all_is_read_that_a_traceback_says_of_it() -> None:
    said = list(tracebacks.messages(group_of_errors()))

    assert said == [
        "two at once (2 sub-exceptions)",
        "a note",
        "second",
        "first",
        "'hidden'",
    ]
    shown = "".join(traceback.format_exception(group_of_errors()))
    assert all(message in shown for message in said)
    assert "cut off" not in shown


def test_an_error_that_leads_to_itself_is_read_once() -> None:
    error, other = ValueError("one"), ValueError("other")
    error.__cause__, other.__cause__ = other, error

    assert list(tracebacks.messages(error)) == ["one", "other"]


def test_a_text_is_read_in_few_ways() -> None:
    """However often it could be decoded, the time it takes has an end."""
    text = PASSWORD
    for _ in range(6):
        text = quote(encoded(text)) + "&amp;"

    assert len(forms.readings(text)) < 100


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "{'password': 'hunter2'}",
        '{"pwd":"hunter2"}',
        "Form(password=b'hunter2')",
        "login of ada with password hunter2",
        "your password is 'hunter2'.",
        '<input name="password" type="password" value="hunter2">',
        token(password="hunter2"),
    ],
)
def test_a_short_password_counts_where_it_is_called_one(text: str) -> None:
    assert forms.is_logged("hunter2", forms.readings(text))
    assert forms.echoes("hunter2", "", text)


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("hunter2", "the user hunter2 has logged in"),
        ("hunter2", "password=hunter22"),
        ("1234567", "order 1234567 is on its way"),
        ("reset", "password reset requested"),
        ("required", "the password is required"),
        ("abc", "password abc"),
        ("4711-b", "boarding pass 4711-b"),
    ],
)
def test_a_short_password_is_else_a_word_like_others(password: str, text: str) -> None:
    assert not forms.is_logged(password, forms.readings(text))
    assert not forms.echoes(password, "message", text)


@pytest.mark.parametrize("password", ["admin", "user", "test1", "1234", "secret", "abc", "x"])
def test_a_word_as_password_counts_under_the_name_of_one_alone(password: str) -> None:
    for key in ("password", "new_password", "input"):
        assert forms.echoes(password, key, password)
    for key in ("role", "name", "value", "body", "number", ""):
        assert not forms.echoes(password, key, password)
    assert not forms.echoes(password, "password", f"{password}s")
    assert list(forms.labelled([{"role": password}, {"user": {"pwd": password}}])) == [
        f"password={password}"
    ]


@pytest.mark.parametrize("password", ["hunter2", "abc123", "s3cr3t!"])
def test_a_short_password_that_is_no_word_counts_as_any_whole_value(password: str) -> None:
    assert forms.echoes(password, "note", password)
    assert not forms.echoes(password, "note", f"not {password}")


@pytest.mark.parametrize(
    "value",
    [
        HASH,
        "$argon2i$m=512,t=2,p=2$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "$2b$12$" + "a" * 53,
        "$bcrypt-sha256$v=2,t=2b,r=12$" + "a" * 22 + "$" + "b" * 31,
        "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c3RvcmVk:c2VydmVy",
        "pbkdf2_sha256$600000$salt$aGFzaA==",
        "pbkdf2:sha256:600000$salt$00ff",
        "scrypt:32768:8:1$salt$00ff",
        "$y$j9T$c2FsdA$aGFzaGhhc2g",
        "{SSHA}" + "a" * 32,
    ],
)
def test_a_hash_is_read_in_any_encoding(value: str) -> None:
    shortest = forms.SHORTEST_HASH
    for text in (value, quote(value), json.dumps(value), encoded(value * 2), token(hash=value * 2)):
        assert forms.has_hash(forms.readings(text, shortest))


@pytest.mark.parametrize(
    ("value", "how"),
    [
        (PASSWORD, "as it is"),
        (
            json.dumps({"form": PASSWORD}, ensure_ascii=False),
            "in an encoding that anybody can undo",
        ),
        (encoded(PASSWORD), "in an encoding that anybody can undo"),
        (hashlib.sha256(PASSWORD.encode()).hexdigest().upper(), "as its SHA256"),
        (base64.b64encode(hashlib.md5(PASSWORD.encode()).digest()).decode(), "as its MD5"),
        (HASH, None),
    ],
)
def test_a_column_tells_how_it_stores_a_password(value: str, how: str | None) -> None:
    assert forms.stored_as(PASSWORD, "password", value) == how


def test_a_short_password_is_stored_only_under_its_name() -> None:
    assert forms.stored_as("admin", "password", "admin") == "as it is"
    assert forms.stored_as("admin", "role", "admin") is None


def test_a_digest_is_found_among_bytes() -> None:
    digest = hashlib.sha1(PASSWORD.encode()).digest()

    assert [forms.digest_of(PASSWORD, text) for text in forms.strings([digest])] == [None, "SHA1"]


def test_a_signed_token_is_told_from_its_parts() -> None:
    assert forms.has_signed_token(f"Bearer {token()}")
    assert not forms.has_signed_token(token().rpartition(".")[0])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"user": "ada", "password": PASSWORD}), "application/json"),
        (json.dumps([{"new_password": PASSWORD}]), "text/plain"),
        (json.dumps({"variables": {"passwordConfirm": PASSWORD, "password": PASSWORD}}), ""),
        (f"user=ada&password={quote_plus(PASSWORD)}", "application/x-www-form-urlencoded"),
    ],
)
def test_a_password_is_known_by_the_name_of_its_field(body: str, content_type: str) -> None:
    passwords, open_values = fields.sort(fields.fields_of(body.encode(), content_type))

    assert passwords == {PASSWORD}
    assert PASSWORD not in open_values


def test_headers_hold_passwords_and_tokens() -> None:
    headers = {
        b"authorization": b"Bearer abc123def456ghi789",
        b"cookie": b"theme=dark-and-quiet-0123456789; session=s0123456789abcdef",
        b"x-api-key": b"key-0123456789abcdef",
        b"x-password": b"hunter2",
        b"x-session-id": b"6f1c0a52-5a0e-4c7d-9d5b-0123456789ab",
        b"x-request-id": b"6f1c0a52-5a0e-4c7d-9d5b-0123456789ab",
    }

    assert fields.sort(fields.of_headers(headers))[0] == {"hunter2"}
    assert fields.tokens(headers) == {
        "abc123def456ghi789",
        "s0123456789abcdef",
        "key-0123456789abcdef",
    }


def test_basic_credentials_are_a_name_and_a_password() -> None:
    headers = {b"authorization": f"Basic {encoded('ada:hunter2')}".encode()}

    assert fields.sort(fields.of_headers(headers)) == ({"hunter2"}, {"ada"})
    assert fields.tokens(headers) == set()


@pytest.fixture
def known(tmp_path: Any) -> Any:
    return keys.Keys(load("core").Gate(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", KEY),
        ("JWT_SECRET", "a secret that only the tests know"),
        ("APP_SIGNING_KEY_V2", KEY.encode()),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("jwt_private_key", "-----BEGIN PRIVATE KEY-----\nMIIE"),
        ("SIGNING_KEYS", KEY),
    ],
)
def test_a_key_is_known_by_its_name(known: Any, name: str, value: str | bytes) -> None:
    known._learn({name: value})

    text = value if isinstance(value, str) else value.decode()
    assert known.among([f"starts with {text}"])


@pytest.mark.parametrize("values", [[KEY], (KEY,), {KEY}, {"first": KEY}])
def test_a_list_of_keys_is_known_by_its_name(known: Any, values: Any) -> None:
    known._learn({"SECRET_KEYS": values, "FIGURES": ["a long text of no importance"]})

    assert known.among([f"starts with {KEY}"])
    assert not known.among(["a long text of no importance"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "test"),
        ("SECRET_KEY_FILE", "/run/secrets/the_secret_key"),
        ("JWT_PRIVATE_KEY", "/run/secrets/the_private_key.pem"),
        ("MISSING_SECRET", "The secret is missing or wrong"),
        ("PUBLIC_KEY", KEY),
        ("MAPS_API_KEY", KEY),
        ("primary_key", "organisation_identifier"),
    ],
)
def test_what_is_named_otherwise_is_no_key(known: Any, name: str, value: str) -> None:
    known._learn({name: value}, prose=True)

    assert not known.among([value])
