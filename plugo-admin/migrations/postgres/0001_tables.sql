CREATE TABLE plugo_types (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (name, package)
);

CREATE TABLE plugo_items (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    type_id TEXT NOT NULL REFERENCES plugo_types (id),
    namespace TEXT COLLATE "C" NOT NULL CHECK (length(namespace) BETWEEN 1 AND 200),
    name TEXT COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT COLLATE "C" NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    code_status TEXT NOT NULL CHECK (code_status IN ('active', 'reserve', 'disabled')),
    code_priority INTEGER NOT NULL,
    schema TEXT CHECK (schema IS NULL OR schema::json IS NOT NULL),
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (type_id, namespace, name)
);

CREATE TABLE plugo_instances (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    item_id TEXT NOT NULL REFERENCES plugo_items (id),
    name TEXT COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    status TEXT CHECK (status IN ('active', 'reserve', 'disabled')),
    priority INTEGER,
    settings TEXT NOT NULL DEFAULT '{}' CHECK (settings::json IS NOT NULL),
    version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (item_id, name)
);

CREATE UNIQUE INDEX plugo_instances_one_default ON plugo_instances (item_id) WHERE is_default = 1;

CREATE TABLE plugo_plugins (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    namespace TEXT COLLATE "C" NOT NULL CHECK (length(namespace) BETWEEN 1 AND 200),
    name TEXT COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT COLLATE "C" NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (namespace, name)
);

CREATE TABLE plugo_audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL CHECK (via IN ('page', 'api', 'command', 'app', 'sync')),
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('type', 'item', 'instance', 'plugin', 'user')),
    subject_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT,
    before TEXT,
    after TEXT,
    revision BIGINT NOT NULL
);

CREATE INDEX plugo_audit_subject ON plugo_audit (subject_id, id);

CREATE TABLE plugo_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL CHECK (revision >= 0),
    database TEXT NOT NULL
);

INSERT INTO plugo_revision (id, revision, database) VALUES (1, 0, md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text));

CREATE TABLE plugo_users (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('view', 'edit')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created BIGINT NOT NULL
);

CREATE TABLE plugo_sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES plugo_users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);

CREATE INDEX plugo_sessions_user ON plugo_sessions (user_id);

-- Every statement that changes rows raises the revision, whoever runs it, and
-- tells those who listen when it is committed. The schema is named, since who
-- runs it may have another search path.
CREATE FUNCTION plugo_raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    raised BIGINT;
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        IF NOT EXISTS (SELECT 1 FROM changed) THEN
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE format('UPDATE %I.plugo_revision SET revision = revision + 1 RETURNING revision', TG_TABLE_SCHEMA)
        INTO raised;
    PERFORM pg_notify('plugo', raised::text);
    RETURN NULL;
END $$;

CREATE TRIGGER plugo_types_inserted AFTER INSERT ON plugo_types REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_types_updated AFTER UPDATE ON plugo_types REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_types_deleted AFTER DELETE ON plugo_types REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_types_truncated AFTER TRUNCATE ON plugo_types
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_items_inserted AFTER INSERT ON plugo_items REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_items_updated AFTER UPDATE ON plugo_items REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_items_deleted AFTER DELETE ON plugo_items REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_items_truncated AFTER TRUNCATE ON plugo_items
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_instances_inserted AFTER INSERT ON plugo_instances REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_instances_updated AFTER UPDATE ON plugo_instances REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_instances_deleted AFTER DELETE ON plugo_instances REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();
CREATE TRIGGER plugo_instances_truncated AFTER TRUNCATE ON plugo_instances
FOR EACH STATEMENT EXECUTE FUNCTION plugo_raise_revision();

-- An edit by hand counts as one, so that whoever edits at the same time in the
-- page is told.
CREATE FUNCTION plugo_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER plugo_instances_version BEFORE UPDATE OF name, status, priority, settings ON plugo_instances
FOR EACH ROW EXECUTE FUNCTION plugo_raise_version();

CREATE FUNCTION plugo_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE TRIGGER plugo_revision_kept BEFORE DELETE OR TRUNCATE ON plugo_revision
FOR EACH STATEMENT EXECUTE FUNCTION plugo_refuse('the row of plugo_revision is never deleted');
CREATE TRIGGER plugo_revision_rises BEFORE UPDATE ON plugo_revision
FOR EACH ROW WHEN (NEW.revision < OLD.revision) EXECUTE FUNCTION plugo_refuse('the revision never falls');

CREATE TRIGGER plugo_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plugo_audit
FOR EACH STATEMENT EXECUTE FUNCTION plugo_refuse('the audit log is append-only');
