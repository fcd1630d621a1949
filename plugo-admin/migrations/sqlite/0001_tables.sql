CREATE TABLE plugo_types (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT NOT NULL,
    description TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (name, package)
) STRICT;

CREATE TABLE plugo_items (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    type_id TEXT NOT NULL REFERENCES plugo_types (id),
    namespace TEXT NOT NULL CHECK (length(namespace) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    code_status TEXT NOT NULL CHECK (code_status IN ('active', 'reserve', 'disabled')),
    code_priority INTEGER NOT NULL CHECK (code_priority BETWEEN -2147483648 AND 2147483647),
    schema TEXT CHECK (schema IS NULL OR json_valid(schema)),
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (type_id, namespace, name)
) STRICT;

CREATE TABLE plugo_instances (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    item_id TEXT NOT NULL REFERENCES plugo_items (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    status TEXT CHECK (status IN ('active', 'reserve', 'disabled')),
    priority INTEGER CHECK (priority BETWEEN -2147483648 AND 2147483647),
    settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    UNIQUE (item_id, name)
) STRICT;

CREATE UNIQUE INDEX plugo_instances_one_default ON plugo_instances (item_id) WHERE is_default = 1;

CREATE TABLE plugo_plugins (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    namespace TEXT NOT NULL CHECK (length(namespace) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (namespace, name)
) STRICT;

CREATE TABLE plugo_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL CHECK (via IN ('page', 'api', 'command', 'app', 'sync')),
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('type', 'item', 'instance', 'plugin', 'user')),
    subject_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT,
    before TEXT,
    after TEXT,
    revision INTEGER NOT NULL
) STRICT;

CREATE INDEX plugo_audit_subject ON plugo_audit (subject_id, id);

CREATE TABLE plugo_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    database TEXT NOT NULL
) STRICT;

INSERT INTO plugo_revision (id, revision, database) VALUES (1, 0, lower(hex(randomblob(16))));

CREATE TABLE plugo_users (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('view', 'edit')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE plugo_sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES plugo_users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;

CREATE INDEX plugo_sessions_user ON plugo_sessions (user_id);

-- Every row that changes raises the revision, whoever changes it.
CREATE TRIGGER plugo_types_inserted AFTER INSERT ON plugo_types
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_types_updated AFTER UPDATE ON plugo_types
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_types_deleted AFTER DELETE ON plugo_types
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_items_inserted AFTER INSERT ON plugo_items
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_items_updated AFTER UPDATE ON plugo_items
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_items_deleted AFTER DELETE ON plugo_items
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_instances_inserted AFTER INSERT ON plugo_instances
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_instances_updated AFTER UPDATE ON plugo_instances
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;
CREATE TRIGGER plugo_instances_deleted AFTER DELETE ON plugo_instances
BEGIN UPDATE plugo_revision SET revision = revision + 1; END;

-- An edit by hand counts as one, so that whoever edits at the same time in the
-- page is told.
CREATE TRIGGER plugo_instances_version AFTER UPDATE OF name, status, priority, settings ON plugo_instances
WHEN NEW.version = OLD.version
BEGIN UPDATE plugo_instances SET version = OLD.version + 1 WHERE id = NEW.id; END;

CREATE TRIGGER plugo_revision_kept BEFORE DELETE ON plugo_revision
BEGIN SELECT RAISE(ABORT, 'the row of plugo_revision is never deleted'); END;
CREATE TRIGGER plugo_revision_rises BEFORE UPDATE ON plugo_revision WHEN NEW.revision < OLD.revision
BEGIN SELECT RAISE(ABORT, 'the revision never falls'); END;

CREATE TRIGGER plugo_audit_no_update BEFORE UPDATE ON plugo_audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER plugo_audit_no_delete BEFORE DELETE ON plugo_audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- INSERT OR REPLACE deletes without calling the triggers above.
CREATE TRIGGER plugo_audit_no_replace BEFORE INSERT ON plugo_audit WHEN EXISTS (SELECT 1 FROM plugo_audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER plugo_revision_one BEFORE INSERT ON plugo_revision WHEN EXISTS (SELECT 1 FROM plugo_revision)
BEGIN SELECT RAISE(ABORT, 'the row of plugo_revision is never replaced'); END;
