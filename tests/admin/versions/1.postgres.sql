-- What a database of version 1 of the tables holds: plugo-admin wrote it, and `pg_dump --inserts` printed it.
-- It stays as it is; a later version gets a file of its own. Its key and its password stand in the test.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.plugo_raise_revision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.plugo_raise_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION public.plugo_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.plugo_audit (
    id bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    via text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    subject text NOT NULL,
    field text,
    before text,
    after text,
    revision bigint NOT NULL,
    CONSTRAINT plugo_audit_subject_kind_check CHECK ((subject_kind = ANY (ARRAY['type'::text, 'item'::text, 'instance'::text, 'plugin'::text, 'user'::text]))),
    CONSTRAINT plugo_audit_via_check CHECK ((via = ANY (ARRAY['page'::text, 'api'::text, 'command'::text, 'app'::text, 'sync'::text])))
);
ALTER TABLE public.plugo_audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.plugo_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.plugo_instances (
    id text NOT NULL,
    item_id text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    is_default integer NOT NULL,
    status text,
    priority integer,
    settings text DEFAULT '{}'::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT plugo_instances_id_check CHECK ((length(id) = 36)),
    CONSTRAINT plugo_instances_is_default_check CHECK ((is_default = ANY (ARRAY[0, 1]))),
    CONSTRAINT plugo_instances_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT plugo_instances_settings_check CHECK (((settings)::json IS NOT NULL)),
    CONSTRAINT plugo_instances_status_check CHECK ((status = ANY (ARRAY['active'::text, 'reserve'::text, 'disabled'::text]))),
    CONSTRAINT plugo_instances_version_check CHECK ((version >= 1))
);
CREATE TABLE public.plugo_items (
    id text NOT NULL,
    type_id text NOT NULL,
    namespace text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    package text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL,
    description text NOT NULL,
    code_status text NOT NULL,
    code_priority integer NOT NULL,
    schema text,
    present integer NOT NULL,
    CONSTRAINT plugo_items_code_status_check CHECK ((code_status = ANY (ARRAY['active'::text, 'reserve'::text, 'disabled'::text]))),
    CONSTRAINT plugo_items_id_check CHECK ((length(id) = 36)),
    CONSTRAINT plugo_items_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT plugo_items_namespace_check CHECK (((length(namespace) >= 1) AND (length(namespace) <= 200))),
    CONSTRAINT plugo_items_present_check CHECK ((present = ANY (ARRAY[0, 1]))),
    CONSTRAINT plugo_items_schema_check CHECK (((schema IS NULL) OR ((schema)::json IS NOT NULL)))
);
CREATE TABLE public.plugo_plugins (
    id text NOT NULL,
    namespace text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    package text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL,
    description text NOT NULL,
    present integer NOT NULL,
    CONSTRAINT plugo_plugins_id_check CHECK ((length(id) = 36)),
    CONSTRAINT plugo_plugins_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT plugo_plugins_namespace_check CHECK (((length(namespace) >= 1) AND (length(namespace) <= 200))),
    CONSTRAINT plugo_plugins_present_check CHECK ((present = ANY (ARRAY[0, 1])))
);
CREATE TABLE public.plugo_revision (
    id integer NOT NULL,
    revision bigint NOT NULL,
    database text NOT NULL,
    CONSTRAINT plugo_revision_id_check CHECK ((id = 1)),
    CONSTRAINT plugo_revision_revision_check CHECK ((revision >= 0))
);
CREATE TABLE public.plugo_schema (
    version integer NOT NULL,
    name text NOT NULL,
    migrated bigint NOT NULL
);
CREATE TABLE public.plugo_sessions (
    token_hash text NOT NULL,
    user_id text NOT NULL,
    csrf text NOT NULL,
    created bigint NOT NULL,
    expires bigint NOT NULL,
    last_seen bigint NOT NULL
);
CREATE TABLE public.plugo_types (
    id text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    package text NOT NULL COLLATE pg_catalog."C",
    description text NOT NULL,
    present integer NOT NULL,
    CONSTRAINT plugo_types_id_check CHECK ((length(id) = 36)),
    CONSTRAINT plugo_types_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT plugo_types_present_check CHECK ((present = ANY (ARRAY[0, 1])))
);
CREATE TABLE public.plugo_users (
    id text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    password text NOT NULL,
    role text NOT NULL,
    disabled integer NOT NULL,
    created bigint NOT NULL,
    CONSTRAINT plugo_users_disabled_check CHECK ((disabled = ANY (ARRAY[0, 1]))),
    CONSTRAINT plugo_users_id_check CHECK ((length(id) = 36)),
    CONSTRAINT plugo_users_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT plugo_users_role_check CHECK ((role = ANY (ARRAY['view'::text, 'edit'::text])))
);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (1, 1795628818718, 'sync', 'sync', 'created', 'type', '01a213d1-6112-70ee-9f9e-e1f7c50d6a50', 'Otp', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (2, 1795628818718, 'sync', 'sync', 'created', 'item', '01a213d1-6112-70ee-9f9e-e1f8a4706ef0', 'Otp: sms', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (3, 1795628818718, 'sync', 'sync', 'created', 'item', '01a213d1-6112-70ee-9f9e-e1faba816d99', 'Otp: mail', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (4, 1795628818718, 'sync', 'sync', 'created', 'type', '01a213d1-6112-70ee-9f9e-e1fca1afd3b5', 'Payment', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (5, 1795628818718, 'sync', 'sync', 'created', 'item', '01a213d1-6112-70ee-9f9e-e1fd3359e9a5', 'Payment: stripe', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (6, 1795628818718, 'sync', 'sync', 'created', 'plugin', '01a213d1-6112-70ee-9f9e-e1fe29c5ab4e', 'blog', NULL, NULL, NULL, 3);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (7, 1795628818768, 'ann', 'page', 'created', 'instance', '01a213d1-6149-74c5-bc08-197343d4180a', 'stripe: Stripe production', NULL, NULL, NULL, 4);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (8, 1795628818768, 'ann', 'page', 'created', 'instance', '01a213d1-6149-74c5-bc08-197343d4180a', 'stripe: Stripe production', 'settings.account', NULL, '"acme"', 4);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (9, 1795628818768, 'ann', 'page', 'created', 'instance', '01a213d1-6149-74c5-bc08-197343d4180a', 'stripe: Stripe production', 'settings.key', NULL, 'changed', 4);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (10, 1795628818856, 'ann', 'page', 'created', 'instance', '01a213d1-6154-7217-9de7-1be799748307', 'stripe: Stripe “sandbox”', NULL, NULL, NULL, 5);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (11, 1795628818856, 'ann', 'page', 'created', 'instance', '01a213d1-6154-7217-9de7-1be799748307', 'stripe: Stripe “sandbox”', 'settings.account', NULL, '"it''s <b>"', 5);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (12, 1795628818892, 'ann', 'page', 'changed', 'instance', '01a213d1-6149-74c5-bc08-197343d4180a', 'stripe: Stripe production', 'priority', NULL, '-5', 6);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (13, 1795628818900, 'ann', 'page', 'changed', 'instance', '01a213d1-6112-70ee-9f9e-e1f99ffdcbac', 'sms', 'status', NULL, 'disabled', 7);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (14, 1795628818900, 'ann', 'page', 'changed', 'instance', '01a213d1-6154-7217-9de7-1be799748307', 'stripe: Stripe “sandbox”', 'status', NULL, 'disabled', 7);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (15, 1795628819386, 'ann', 'page', 'created', 'user', '01a213d1-63b4-75f5-8108-a6fd2caea89d', 'bob', 'role', NULL, 'edit', 7);
INSERT INTO public.plugo_audit OVERRIDING SYSTEM VALUE VALUES (16, 1795628819513, 'sync', 'sync', 'absent', 'plugin', '01a213d1-6112-70ee-9f9e-e1fe29c5ab4e', 'blog', NULL, NULL, NULL, 7);
INSERT INTO public.plugo_instances VALUES ('01a213d1-6112-70ee-9f9e-e1fbfc2e4dd2', '01a213d1-6112-70ee-9f9e-e1faba816d99', 'mail', 1, NULL, NULL, '{}', 1);
INSERT INTO public.plugo_instances VALUES ('01a213d1-6149-74c5-bc08-197343d4180a', '01a213d1-6112-70ee-9f9e-e1fd3359e9a5', 'Stripe production', 0, NULL, -5, '{"account":"acme","key":{"$secret":"1.k1.5hSCAFXoSdsZA1oi+0Q2hoNXAyNjjOyjLvnccy/EK4S6BQtXUUbJ4qanByEEJKFFRA=="}}', 2);
INSERT INTO public.plugo_instances VALUES ('01a213d1-6112-70ee-9f9e-e1f99ffdcbac', '01a213d1-6112-70ee-9f9e-e1f8a4706ef0', 'sms', 1, 'disabled', NULL, '{}', 2);
INSERT INTO public.plugo_instances VALUES ('01a213d1-6154-7217-9de7-1be799748307', '01a213d1-6112-70ee-9f9e-e1fd3359e9a5', 'Stripe “sandbox”', 0, 'disabled', NULL, '{"account":"it''s <b>"}', 2);
INSERT INTO public.plugo_items VALUES ('01a213d1-6112-70ee-9f9e-e1f8a4706ef0', '01a213d1-6112-70ee-9f9e-e1f7c50d6a50', 'plugins', 'sms', 'sms', '0.1.0', 'by text', 'active', 10, NULL, 1);
INSERT INTO public.plugo_items VALUES ('01a213d1-6112-70ee-9f9e-e1faba816d99', '01a213d1-6112-70ee-9f9e-e1f7c50d6a50', 'plugins', 'mail', 'mail', '0.1.0', '', 'active', 20, NULL, 1);
INSERT INTO public.plugo_items VALUES ('01a213d1-6112-70ee-9f9e-e1fd3359e9a5', '01a213d1-6112-70ee-9f9e-e1fca1afd3b5', 'plugins', 'stripe', 'stripe', '0.1.0', '', 'active', 0, '{"properties":{"account":{"type":"string"},"key":{"format":"password","type":"string","writeOnly":true}},"type":"object"}', 1);
INSERT INTO public.plugo_plugins VALUES ('01a213d1-6112-70ee-9f9e-e1fe29c5ab4e', 'plugins', 'blog', 'blog', '0.1.0', '', 0);
INSERT INTO public.plugo_revision VALUES (1, 7, 'e513f2f6c434b6eb8630f491f871544c');
INSERT INTO public.plugo_schema VALUES (1, 'tables', 1795628818618);
INSERT INTO public.plugo_sessions VALUES ('dmdwFUtSwH8O-5e0FxrBYRkbqaSmJfi5P_Hi5H_qIpc', '01a213d1-63b4-75f5-8108-a6fd2caea89d', 'kR0JuH4nh_lwgv8fd7mJgdZeRlptAC2yRtPf2Vmii3Y', 1795628819498, 1795632419498, 1795628819498);
INSERT INTO public.plugo_types VALUES ('01a213d1-6112-70ee-9f9e-e1f7c50d6a50', 'Otp', 'shop', 'Sends codes.', 1);
INSERT INTO public.plugo_types VALUES ('01a213d1-6112-70ee-9f9e-e1fca1afd3b5', 'Payment', 'shop', '', 1);
INSERT INTO public.plugo_users VALUES ('01a213d1-63b4-75f5-8108-a6fd2caea89d', 'bob', '$argon2id$v=19$m=19456,t=2,p=1$EQi3+RxdXePVOWexl/Wojg$ml9UoD29QOj6ohHyAxr+oaGQtr1MHT1SvDKbJ4eNYbw', 'edit', 0, 1795628819385);
SELECT pg_catalog.setval('public.plugo_audit_id_seq', 16, true);
ALTER TABLE ONLY public.plugo_audit
    ADD CONSTRAINT plugo_audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_instances
    ADD CONSTRAINT plugo_instances_item_id_name_key UNIQUE (item_id, name);
ALTER TABLE ONLY public.plugo_instances
    ADD CONSTRAINT plugo_instances_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_items
    ADD CONSTRAINT plugo_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_items
    ADD CONSTRAINT plugo_items_type_id_namespace_name_key UNIQUE (type_id, namespace, name);
ALTER TABLE ONLY public.plugo_plugins
    ADD CONSTRAINT plugo_plugins_namespace_name_key UNIQUE (namespace, name);
ALTER TABLE ONLY public.plugo_plugins
    ADD CONSTRAINT plugo_plugins_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_revision
    ADD CONSTRAINT plugo_revision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_schema
    ADD CONSTRAINT plugo_schema_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.plugo_sessions
    ADD CONSTRAINT plugo_sessions_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.plugo_types
    ADD CONSTRAINT plugo_types_name_package_key UNIQUE (name, package);
ALTER TABLE ONLY public.plugo_types
    ADD CONSTRAINT plugo_types_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.plugo_users
    ADD CONSTRAINT plugo_users_name_key UNIQUE (name);
ALTER TABLE ONLY public.plugo_users
    ADD CONSTRAINT plugo_users_pkey PRIMARY KEY (id);
CREATE INDEX plugo_audit_subject ON public.plugo_audit USING btree (subject_id, id);
CREATE UNIQUE INDEX plugo_instances_one_default ON public.plugo_instances USING btree (item_id) WHERE (is_default = 1);
CREATE INDEX plugo_sessions_user ON public.plugo_sessions USING btree (user_id);
CREATE TRIGGER plugo_audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.plugo_audit FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_refuse('the audit log is append-only');
CREATE TRIGGER plugo_instances_deleted AFTER DELETE ON public.plugo_instances REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_instances_inserted AFTER INSERT ON public.plugo_instances REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_instances_truncated AFTER TRUNCATE ON public.plugo_instances FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_instances_updated AFTER UPDATE ON public.plugo_instances REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_instances_version BEFORE UPDATE OF name, status, priority, settings ON public.plugo_instances FOR EACH ROW EXECUTE FUNCTION public.plugo_raise_version();
CREATE TRIGGER plugo_items_deleted AFTER DELETE ON public.plugo_items REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_items_inserted AFTER INSERT ON public.plugo_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_items_truncated AFTER TRUNCATE ON public.plugo_items FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_items_updated AFTER UPDATE ON public.plugo_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_revision_kept BEFORE DELETE OR TRUNCATE ON public.plugo_revision FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_refuse('the row of plugo_revision is never deleted');
CREATE TRIGGER plugo_revision_rises BEFORE UPDATE ON public.plugo_revision FOR EACH ROW WHEN ((new.revision < old.revision)) EXECUTE FUNCTION public.plugo_refuse('the revision never falls');
CREATE TRIGGER plugo_types_deleted AFTER DELETE ON public.plugo_types REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_types_inserted AFTER INSERT ON public.plugo_types REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_types_truncated AFTER TRUNCATE ON public.plugo_types FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
CREATE TRIGGER plugo_types_updated AFTER UPDATE ON public.plugo_types REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.plugo_raise_revision();
ALTER TABLE ONLY public.plugo_instances
    ADD CONSTRAINT plugo_instances_item_id_fkey FOREIGN KEY (item_id) REFERENCES public.plugo_items(id);
ALTER TABLE ONLY public.plugo_items
    ADD CONSTRAINT plugo_items_type_id_fkey FOREIGN KEY (type_id) REFERENCES public.plugo_types(id);
ALTER TABLE ONLY public.plugo_sessions
    ADD CONSTRAINT plugo_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.plugo_users(id) ON DELETE CASCADE;
