"""What is in a database besides rows: each object of its schemas, on a separate line."""

from typing import NamedTuple

from sqlalchemy import Connection, text


class Thing(NamedTuple):
    """An object in a schema. Extensions are listed, but not the objects that they create."""

    kind: str
    #: The table that it belongs to, if any.
    table: str
    name: str
    definition: str

    @property
    def path(self) -> str:
        return ".".join(filter(None, (self.table, self.name)))

    def rename(self, name: str) -> str:
        """Return the statement that renames an index or a constraint."""
        if self.kind == "index":
            return f"ALTER INDEX {self.name} RENAME TO {name}"
        return f"ALTER TABLE {self.table} RENAME CONSTRAINT {self.name} TO {name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.path} {self.definition}".rstrip()


CATALOGUE = text("""
    WITH schemas AS (
        SELECT oid, nspname, NULLIF(nspname, current_schema()) AS shown FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND nspname = ANY(COALESCE(CAST(:schemas AS text[]), ARRAY[nspname]))
    ), relations AS (
        SELECT pg_class.*, concat_ws('.', shown, relname) AS fullname
        FROM pg_class JOIN schemas ON schemas.oid = relnamespace
    ), owned AS (
        SELECT objid AS sequence, refobjid AS relation, refobjsubid AS number FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
          AND refobjsubid > 0 AND deptype IN ('a', 'i')
    ), things AS (
        SELECT 'pg_namespace'::regclass AS class, oid AS object,
               'schema' AS kind, '' AS of_table, nspname AS name, '' AS definition
        FROM schemas
        UNION ALL
        SELECT 'pg_class'::regclass, oid,
               CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                            WHEN 'f' THEN 'foreign table' ELSE 'table' END,
               '', fullname,
               concat_ws(' ', 'PARTITION BY ' || pg_get_partkeydef(oid),
                         pg_get_expr(relpartbound, oid),
                         CASE WHEN relpersistence = 'u' THEN 'UNLOGGED' END,
                         CASE WHEN relrowsecurity THEN 'ROW LEVEL SECURITY' END,
                         CASE WHEN relkind IN ('v', 'm') THEN md5(pg_get_viewdef(oid)) END)
        FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL
        SELECT 'pg_class'::regclass, relations.oid, 'column', fullname, attname,
               concat_ws(' ', format_type(atttypid, atttypmod),
                         CASE WHEN attcollation <> typcollation
                              THEN 'COLLATE ' || attcollation::regcollation END,
                         CASE WHEN attidentity <> ''
                              THEN format('GENERATED %s AS IDENTITY (START %s INCREMENT %s)',
                                          CASE attidentity WHEN 'a' THEN 'ALWAYS'
                                                           ELSE 'BY DEFAULT' END,
                                          seqstart, seqincrement)
                              WHEN attgenerated <> ''
                              THEN format('GENERATED ALWAYS AS (%s)%s',
                                          pg_get_expr(adbin, adrelid),
                                          CASE attgenerated WHEN 's' THEN ' STORED' END)
                              WHEN sequence IS NOT NULL AND pg_get_expr(adbin, adrelid) ~ '^nextval'
                              THEN 'serial'
                              ELSE 'DEFAULT ' || pg_get_expr(adbin, adrelid) END,
                         CASE WHEN attnotnull THEN 'NOT NULL' END)
        FROM pg_attribute JOIN relations ON relations.oid = attrelid
        JOIN pg_type ON pg_type.oid = atttypid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        LEFT JOIN owned ON relation = attrelid AND number = attnum
        LEFT JOIN pg_sequence ON seqrelid = sequence
        WHERE relkind IN ('r', 'p', 'c', 'f') AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT 'pg_class'::regclass, conrelid,
               CASE contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key constraint'
                            WHEN 'u' THEN 'unique constraint' WHEN 'c' THEN 'check constraint'
                            WHEN 'x' THEN 'exclusion constraint' ELSE 'constraint trigger' END,
               fullname, conname, pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN relations ON relations.oid = conrelid
        WHERE contype <> 'n' -- NOT NULL is shown with the column
        UNION ALL
        SELECT 'pg_class'::regclass, relations.oid, 'index', fullname, indexes.relname,
               concat_ws(' ', CASE WHEN indisunique THEN 'UNIQUE' END,
                         substring(pg_get_indexdef(indexrelid) FROM ' (USING .*)'),
                         CASE WHEN NOT indisvalid THEN 'INVALID' END)
        FROM pg_index JOIN relations ON relations.oid = indrelid
        JOIN pg_class AS indexes ON indexes.oid = indexrelid
        WHERE relations.relkind <> 't' AND NOT EXISTS ( -- these are shown as constraints
            SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 'pg_class'::regclass, oid,
               CASE WHEN oid IN (SELECT sequence FROM owned) THEN 'sequence of a column'
                    ELSE 'sequence' END,
               '', fullname,
               concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax,
                         CASE WHEN seqcycle THEN 'CYCLE' END)
        FROM pg_sequence JOIN relations ON oid = seqrelid
        UNION ALL
        SELECT 'pg_type'::regclass, pg_type.oid, CASE typtype WHEN 'e' THEN 'enum' ELSE 'type' END,
               '', concat_ws('.', shown, typname),
               concat_ws(' ', (SELECT string_agg(quote_literal(enumlabel), ', '
                                                 ORDER BY enumsortorder)
                               FROM pg_enum WHERE enumtypid = pg_type.oid),
                         NULLIF(format_type(typbasetype, typtypmod), '-'), typdefault,
                         CASE WHEN typnotnull THEN 'NOT NULL' END,
                         (SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname)
                          FROM pg_constraint WHERE contypid = pg_type.oid AND contype = 'c'))
        FROM pg_type JOIN schemas ON schemas.oid = typnamespace
        LEFT JOIN pg_class ON pg_class.oid = typrelid
        WHERE typcategory <> 'A' AND (relkind IS NULL OR relkind = 'c')
        UNION ALL
        SELECT 'pg_proc'::regclass, pg_proc.oid, 'function', '',
               format('%s(%s)', concat_ws('.', shown, proname),
                      pg_get_function_identity_arguments(pg_proc.oid)),
               md5(CASE prokind WHEN 'a' THEN '' ELSE pg_get_functiondef(pg_proc.oid) END)
        FROM pg_proc JOIN schemas ON schemas.oid = pronamespace
        UNION ALL
        SELECT 'pg_class'::regclass, relations.oid, 'trigger', fullname, tgname,
               pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN relations ON relations.oid = tgrelid WHERE NOT tgisinternal
        UNION ALL
        SELECT 'pg_class'::regclass, relations.oid, 'policy', fullname, polname,
               concat_ws(' ', polcmd, polpermissive, polroles::regrole[],
                         pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy JOIN relations ON relations.oid = polrelid
        UNION ALL
        SELECT classoid, objoid, 'comment', COALESCE(fullname, ''),
               CASE WHEN fullname IS NULL THEN pg_describe_object(classoid, objoid, objsubid)
                    ELSE COALESCE(attname, '') END,
               quote_literal(description)
        FROM pg_description
        LEFT JOIN relations ON relations.oid = objoid AND classoid = 'pg_class'::regclass
        LEFT JOIN pg_attribute ON attrelid = relations.oid AND attnum = NULLIF(objsubid, 0)
        WHERE objoid >= 16384 -- what is not PostgreSQL's own
          AND classoid <> 'pg_extension'::regclass
          AND (fullname IS NOT NULL OR CAST(:schemas AS text[]) IS NULL)
        UNION ALL
        SELECT 'pg_extension'::regclass, oid, 'extension', '', extname, ''
        FROM pg_extension WHERE CAST(:schemas AS text[]) IS NULL
    )
    SELECT kind, of_table, name, definition FROM things
    WHERE (class, object) NOT IN (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
""")


def catalogue(connection: Connection, schemas: list[str] | None = None) -> set[Thing]:
    """List what is in these schemas, or in all of them."""
    rows = connection.execute(CATALOGUE, {"schemas": schemas})
    return {thing for thing in (Thing(*row) for row in rows) if "alembic_version" not in thing}
