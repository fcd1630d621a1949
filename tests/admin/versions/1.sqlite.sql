-- What a database of version 1 of the tables holds: plugo-admin wrote it, and `sqlite3 … .dump` printed it.
-- It stays as it is; a later version gets a file of its own. Its key and its password stand in the test.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE plugo_schema (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, migrated BIGINT NOT NULL);
INSERT INTO plugo_schema VALUES(1,'tables',1795628817941);
CREATE TABLE plugo_types (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    package TEXT NOT NULL,
    description TEXT NOT NULL,
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    UNIQUE (name, package)
) STRICT;
INSERT INTO plugo_types VALUES('01a213d1-5e22-772e-a84d-0bea8cf483dd','Otp','shop','Sends codes.',1);
INSERT INTO plugo_types VALUES('01a213d1-5e22-772e-a84d-0befb15762f6','Payment','shop','',1);
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
INSERT INTO plugo_items VALUES('01a213d1-5e22-772e-a84d-0beb97400da7','01a213d1-5e22-772e-a84d-0bea8cf483dd','plugins','sms','sms','0.1.0','by text','active',10,NULL,1);
INSERT INTO plugo_items VALUES('01a213d1-5e22-772e-a84d-0bed3793b657','01a213d1-5e22-772e-a84d-0bea8cf483dd','plugins','mail','mail','0.1.0','','active',20,NULL,1);
INSERT INTO plugo_items VALUES('01a213d1-5e22-772e-a84d-0bf0f5e3945d','01a213d1-5e22-772e-a84d-0befb15762f6','plugins','stripe','stripe','0.1.0','','active',0,'{"properties":{"account":{"type":"string"},"key":{"format":"password","type":"string","writeOnly":true}},"type":"object"}',1);
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
INSERT INTO plugo_instances VALUES('01a213d1-5e22-772e-a84d-0bec0ecef369','01a213d1-5e22-772e-a84d-0beb97400da7','sms',1,'disabled',NULL,'{}',2);
INSERT INTO plugo_instances VALUES('01a213d1-5e22-772e-a84d-0beee12fdeeb','01a213d1-5e22-772e-a84d-0bed3793b657','mail',1,NULL,NULL,'{}',1);
INSERT INTO plugo_instances VALUES('01a213d1-5e45-74b9-8dd8-902b35b2302b','01a213d1-5e22-772e-a84d-0bf0f5e3945d','Stripe production',0,NULL,-5,'{"account":"acme","key":{"$secret":"1.k1.LR/xkD1+YM0/wkC1CgTpH9jTenlWEMOQFvaZbvknapsyRoOSKKLYFHIjfoaeDO78lg=="}}',2);
INSERT INTO plugo_instances VALUES('01a213d1-5e51-7717-be0f-320dd10ac7f5','01a213d1-5e22-772e-a84d-0bf0f5e3945d','Stripe “sandbox”',0,'disabled',NULL,'{"account":"it''s <b>"}',2);
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
INSERT INTO plugo_plugins VALUES('01a213d1-5e22-772e-a84d-0bf194f96893','plugins','blog','blog','0.1.0','',0);
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
INSERT INTO plugo_audit VALUES(1,1795628817955,'sync','sync','created','type','01a213d1-5e22-772e-a84d-0bea8cf483dd','Otp',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(2,1795628817955,'sync','sync','created','item','01a213d1-5e22-772e-a84d-0beb97400da7','Otp: sms',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(3,1795628817955,'sync','sync','created','item','01a213d1-5e22-772e-a84d-0bed3793b657','Otp: mail',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(4,1795628817955,'sync','sync','created','type','01a213d1-5e22-772e-a84d-0befb15762f6','Payment',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(5,1795628817955,'sync','sync','created','item','01a213d1-5e22-772e-a84d-0bf0f5e3945d','Payment: stripe',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(6,1795628817955,'sync','sync','created','plugin','01a213d1-5e22-772e-a84d-0bf194f96893','blog',NULL,NULL,NULL,7);
INSERT INTO plugo_audit VALUES(7,1795628818001,'ann','page','created','instance','01a213d1-5e45-74b9-8dd8-902b35b2302b','stripe: Stripe production',NULL,NULL,NULL,8);
INSERT INTO plugo_audit VALUES(8,1795628818001,'ann','page','created','instance','01a213d1-5e45-74b9-8dd8-902b35b2302b','stripe: Stripe production','settings.account',NULL,'"acme"',8);
INSERT INTO plugo_audit VALUES(9,1795628818001,'ann','page','created','instance','01a213d1-5e45-74b9-8dd8-902b35b2302b','stripe: Stripe production','settings.key',NULL,'changed',8);
INSERT INTO plugo_audit VALUES(10,1795628818002,'ann','page','created','instance','01a213d1-5e51-7717-be0f-320dd10ac7f5','stripe: Stripe “sandbox”',NULL,NULL,NULL,9);
INSERT INTO plugo_audit VALUES(11,1795628818002,'ann','page','created','instance','01a213d1-5e51-7717-be0f-320dd10ac7f5','stripe: Stripe “sandbox”','settings.account',NULL,'"it''s <b>"',9);
INSERT INTO plugo_audit VALUES(12,1795628818005,'ann','page','changed','instance','01a213d1-5e45-74b9-8dd8-902b35b2302b','stripe: Stripe production','priority',NULL,'-5',11);
INSERT INTO plugo_audit VALUES(13,1795628818007,'ann','page','changed','instance','01a213d1-5e22-772e-a84d-0bec0ecef369','sms','status',NULL,'disabled',15);
INSERT INTO plugo_audit VALUES(14,1795628818007,'ann','page','changed','instance','01a213d1-5e51-7717-be0f-320dd10ac7f5','stripe: Stripe “sandbox”','status',NULL,'disabled',15);
INSERT INTO plugo_audit VALUES(15,1795628818251,'ann','page','created','user','01a213d1-5f49-72bc-9045-f45614d73dff','bob','role',NULL,'edit',15);
INSERT INTO plugo_audit VALUES(16,1795628818368,'sync','sync','absent','plugin','01a213d1-5e22-772e-a84d-0bf194f96893','blog',NULL,NULL,NULL,15);
CREATE TABLE plugo_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    database TEXT NOT NULL
) STRICT;
INSERT INTO plugo_revision VALUES(1,15,'02ec8d861079e0ac02f705e9611ad921');
CREATE TABLE plugo_users (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('view', 'edit')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created INTEGER NOT NULL
) STRICT;
INSERT INTO plugo_users VALUES('01a213d1-5f49-72bc-9045-f45614d73dff','bob','$argon2id$v=19$m=19456,t=2,p=1$FHs+jV1qqGsV5OxFA5HjrA$Hx53sz5OWnUL+ULZTxoBcr1Wfs0iz4VylNdGy64IAKg','edit',0,1795628818250);
CREATE TABLE plugo_sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES plugo_users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;
INSERT INTO plugo_sessions VALUES('7fFe1P6jMBwnLyOJ5z8O77mpdKUc0BdLPLcMnQyaB9g','01a213d1-5f49-72bc-9045-f45614d73dff','_tjZFY_DiXAK5N7JJvR4jUTN6nHCipYkr78eA2goHH0',1795628818366,1795632418366,1795628818366);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('plugo_audit',16);
CREATE UNIQUE INDEX plugo_instances_one_default ON plugo_instances (item_id) WHERE is_default = 1;
CREATE INDEX plugo_audit_subject ON plugo_audit (subject_id, id);
CREATE INDEX plugo_sessions_user ON plugo_sessions (user_id);
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
CREATE TRIGGER plugo_audit_no_replace BEFORE INSERT ON plugo_audit WHEN EXISTS (SELECT 1 FROM plugo_audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER plugo_revision_one BEFORE INSERT ON plugo_revision WHEN EXISTS (SELECT 1 FROM plugo_revision)
BEGIN SELECT RAISE(ABORT, 'the row of plugo_revision is never replaced'); END;
COMMIT;
