-- museum's tables as its migrations leave them (2026-07), in our own words and as far as an import reads or an export writes them: columns, what
-- must be there, keys, references, and the rules on rows. Without its triggers, plain indexes and lengths.
CREATE TYPE app AS ENUM ('photos', 'auth', 'locker');
CREATE TYPE role_enum AS ENUM ('VIEWER', 'COLLABORATOR', 'OWNER', 'ADMIN');
CREATE TYPE object_type AS ENUM ('file', 'thumbnail', 'mldata', 'vid_preview', 'img_preview');
CREATE TYPE s3region AS ENUM ('b2-eu-cen', 'scw-eu-fr', 'scw-eu-fr-locked', 'wasabi-eu-central-2', 'wasabi-eu-central-2-v3', 'scw-eu-fr-v3',
  'wasabi-eu-central-2-derived', 'b5', 'b6');
CREATE FUNCTION micros() RETURNS bigint LANGUAGE sql AS 'SELECT CAST(extract(epoch FROM now()) * 1000000 AS bigint)';
CREATE TABLE users (user_id bigint GENERATED ALWAYS AS IDENTITY, name text, creation_time bigint NOT NULL, encrypted_email bytea,
  email_decryption_nonce bytea, email_hash text, is_two_factor_enabled boolean DEFAULT false NOT NULL, family_admin_id bigint,
  email_mfa boolean DEFAULT false NOT NULL, source text, delete_feedback jsonb, UNIQUE (email_hash), PRIMARY KEY (user_id));
CREATE TABLE key_attributes (user_id bigint NOT NULL, kek_salt text NOT NULL, kek_hash_bytes bytea, encrypted_key text NOT NULL,
  key_decryption_nonce text NOT NULL, public_key text NOT NULL, encrypted_secret_key text NOT NULL, secret_key_decryption_nonce text NOT NULL,
  mem_limit bigint DEFAULT 67108864, ops_limit int DEFAULT 2, master_key_encrypted_with_recovery_key text, master_key_decryption_nonce text,
  recovery_key_encrypted_with_master_key text, recovery_key_decryption_nonce text, created_at bigint NOT NULL DEFAULT micros(),
  PRIMARY KEY (user_id), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE srp_auth (user_id bigint NOT NULL, srp_user_id uuid NOT NULL, salt text NOT NULL, verifier text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), UNIQUE (srp_user_id), PRIMARY KEY (user_id),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE tokens (user_id bigint NOT NULL, token text NOT NULL, creation_time bigint NOT NULL, ip text, user_agent text,
  is_deleted boolean DEFAULT false NOT NULL, last_used_at bigint NOT NULL DEFAULT micros(), app app DEFAULT 'photos' NOT NULL, UNIQUE (token),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE two_factor (user_id bigint NOT NULL, two_factor_secret_hash text, encrypted_two_factor_secret bytea,
  two_factor_secret_decryption_nonce bytea, recovery_encrypted_two_factor_secret text, recovery_two_factor_secret_decryption_nonce text,
  UNIQUE (two_factor_secret_hash), UNIQUE (user_id), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE two_factor_recovery (user_id bigint NOT NULL, enable_admin_mfa_reset boolean DEFAULT true NOT NULL, server_passkey_secret_data bytea,
  server_passkey_secret_nonce bytea, user_passkey_secret_data text, user_passkey_secret_nonce text, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (user_id));
CREATE TABLE passkeys (id uuid NOT NULL, user_id bigint NOT NULL, friendly_name text NOT NULL, deleted_at bigint,
  created_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE passkey_credentials (passkey_id uuid NOT NULL, credential_id text NOT NULL, public_key text NOT NULL, attestation_type text NOT NULL,
  authenticator_transports text NOT NULL, credential_flags text NOT NULL, authenticator text NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  rp_id text, UNIQUE (credential_id), PRIMARY KEY (passkey_id), FOREIGN KEY (passkey_id) REFERENCES passkeys);
CREATE TABLE subscriptions (subscription_id serial, user_id bigint NOT NULL, storage bigint NOT NULL, original_transaction_id text NOT NULL,
  expiry_time bigint NOT NULL, created_at timestamp DEFAULT now() NOT NULL, product_id text NOT NULL, payment_provider text NOT NULL,
  latest_verification_data text, attributes jsonb NOT NULL, upgraded_at bigint DEFAULT 0, UNIQUE (user_id), PRIMARY KEY (subscription_id),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE storage_bonus (bonus_id text NOT NULL, type text NOT NULL, user_id bigint NOT NULL, storage bigint NOT NULL,
  valid_till bigint DEFAULT 0 NOT NULL, revoke_reason text, is_revoked boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (bonus_id));
CREATE TABLE usage (user_id bigint NOT NULL, storage_consumed bigint NOT NULL, UNIQUE (user_id), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE families (id uuid NOT NULL, admin_id bigint NOT NULL, member_id bigint NOT NULL, status text NOT NULL, token text,
  percentage int DEFAULT '-1' NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  storage_limit bigint, UNIQUE (token), PRIMARY KEY (id), FOREIGN KEY (admin_id) REFERENCES users,
  CHECK ((admin_id = member_id) = (status IN ('SELF', 'CLOSED'))));
CREATE TABLE entity_key (user_id bigint NOT NULL, type text NOT NULL, encrypted_key text NOT NULL, header text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (user_id, type),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE entity_data (user_id bigint NOT NULL, type text NOT NULL, encrypted_data text, header text, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), is_deleted boolean DEFAULT false, id text NOT NULL, PRIMARY KEY (id),
  FOREIGN KEY (user_id, type) REFERENCES entity_key, CHECK (is_deleted = (encrypted_data IS NULL)));
CREATE TABLE authenticator_key (user_id bigint NOT NULL, encrypted_key text NOT NULL, header text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (user_id),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE authenticator_entity (id uuid NOT NULL, user_id bigint NOT NULL, encrypted_data text, header text,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), is_deleted boolean DEFAULT false, PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES authenticator_key, CHECK (is_deleted = (encrypted_data IS NULL)));
CREATE TABLE remote_store (user_id bigint NOT NULL, key_name text NOT NULL, key_value text NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (user_id, key_name), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE push_tokens (user_id bigint NOT NULL, fcm_token text NOT NULL, apns_token text, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), last_notified_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (fcm_token),
  FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE contact_entity (id text NOT NULL, user_id bigint NOT NULL, contact_user_id bigint NOT NULL, profile_picture_attachment_id text,
  encrypted_key bytea NOT NULL, encrypted_data bytea, is_deleted boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users,
  CHECK (is_deleted = (encrypted_data IS NULL) AND NOT (is_deleted AND profile_picture_attachment_id IS NOT NULL)));
CREATE TABLE user_attachments (attachment_id text NOT NULL, user_id bigint NOT NULL, attachment_type text NOT NULL, size bigint NOT NULL,
  latest_bucket s3region NOT NULL, replicated_buckets s3region[] DEFAULT '{}' NOT NULL, delete_from_buckets s3region[] DEFAULT '{}' NOT NULL,
  inflight_rep_buckets s3region[] DEFAULT '{}' NOT NULL, is_deleted boolean DEFAULT false NOT NULL, pending_sync boolean DEFAULT true NOT NULL,
  sync_locked_till bigint DEFAULT 0 NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  PRIMARY KEY (attachment_id), FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE emergency_contact (user_id bigint NOT NULL, emergency_contact_id bigint NOT NULL, state text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), notice_period_in_hrs int NOT NULL, encrypted_key text,
  UNIQUE (user_id, emergency_contact_id), FOREIGN KEY (emergency_contact_id) REFERENCES users, FOREIGN KEY (user_id) REFERENCES users,
  CHECK (user_id <> emergency_contact_id), CHECK ((encrypted_key IS NULL) = (state NOT IN ('INVITED', 'ACCEPTED'))));
CREATE TABLE emergency_recovery (id uuid NOT NULL, user_id bigint NOT NULL, emergency_contact_id bigint NOT NULL, status text NOT NULL,
  wait_till bigint, next_reminder_at bigint, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  PRIMARY KEY (id), FOREIGN KEY (emergency_contact_id) REFERENCES users, FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE legacy_kit (id uuid NOT NULL, user_id bigint NOT NULL, variant int NOT NULL, notice_period_in_hrs int NOT NULL,
  encrypted_recovery_blob text NOT NULL, auth_public_key text NOT NULL, encrypted_owner_blob text NOT NULL,
  is_deleted boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  deleted_at bigint, PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users, CHECK (variant = 1));
CREATE TABLE legacy_kit_recovery_session (id uuid NOT NULL, kit_id uuid NOT NULL, user_id bigint NOT NULL, status text NOT NULL,
  effective_notice_period_in_hrs int NOT NULL, wait_till bigint NOT NULL, next_reminder_at bigint, initiators jsonb DEFAULT '[]' NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id),
  FOREIGN KEY (kit_id) REFERENCES legacy_kit, FOREIGN KEY (user_id) REFERENCES users);
CREATE TABLE legacy_kit_recovery_session_token (id uuid NOT NULL, session_id uuid NOT NULL, token_hash text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), UNIQUE (token_hash), PRIMARY KEY (id),
  FOREIGN KEY (session_id) REFERENCES legacy_kit_recovery_session);
CREATE TABLE collections (collection_id bigint GENERATED ALWAYS AS IDENTITY, owner_id bigint NOT NULL, encrypted_key text NOT NULL,
  key_decryption_nonce text NOT NULL, name text, type text NOT NULL, attributes jsonb NOT NULL, updation_time bigint NOT NULL,
  is_deleted boolean DEFAULT false, encrypted_name text, name_decryption_nonce text, magic_metadata jsonb, pub_magic_metadata jsonb,
  app app DEFAULT 'photos' NOT NULL, PRIMARY KEY (collection_id), FOREIGN KEY (owner_id) REFERENCES users);
CREATE TABLE collection_shares (collection_id bigint NOT NULL, from_user_id bigint NOT NULL, to_user_id bigint NOT NULL, encrypted_key text NOT NULL,
  updation_time bigint NOT NULL, is_deleted boolean DEFAULT false, role_type role_enum DEFAULT 'VIEWER', magic_metadata jsonb, shared_at bigint,
  UNIQUE (collection_id, from_user_id, to_user_id), FOREIGN KEY (collection_id) REFERENCES collections, FOREIGN KEY (from_user_id) REFERENCES users,
  FOREIGN KEY (to_user_id) REFERENCES users);
CREATE TABLE files (file_id bigserial, owner_id bigint NOT NULL, file_decryption_header text NOT NULL, thumbnail_decryption_header text NOT NULL,
  metadata_decryption_header text NOT NULL, encrypted_metadata text NOT NULL, updation_time bigint NOT NULL, magic_metadata jsonb,
  pub_magic_metadata jsonb, info jsonb, PRIMARY KEY (file_id), FOREIGN KEY (owner_id) REFERENCES users);
CREATE TABLE collection_files (file_id bigint NOT NULL, collection_id bigint NOT NULL, encrypted_key text NOT NULL,
  key_decryption_nonce text NOT NULL, is_deleted boolean DEFAULT false, updation_time bigint NOT NULL, c_owner_id bigint, f_owner_id bigint,
  created_at bigint DEFAULT micros(), action_user bigint, action text, UNIQUE (collection_id, file_id),
  FOREIGN KEY (collection_id) REFERENCES collections, FOREIGN KEY (file_id) REFERENCES files);
CREATE TABLE object_keys (file_id bigint NOT NULL, o_type object_type NOT NULL, object_key text NOT NULL, size bigint NOT NULL,
  datacenters s3region[] NOT NULL, is_deleted boolean DEFAULT false, created_at bigint DEFAULT micros(), updated_at bigint DEFAULT micros(),
  UNIQUE (object_key), PRIMARY KEY (file_id, o_type), FOREIGN KEY (file_id) REFERENCES files);
CREATE TABLE object_copies (object_key text NOT NULL, b2 bigint, want_b2 boolean, wasabi bigint, want_wasabi boolean, scw bigint, want_scw boolean,
  last_attempt bigint DEFAULT 0 NOT NULL, PRIMARY KEY (object_key), FOREIGN KEY (object_key) REFERENCES object_keys (object_key));
CREATE TABLE trash (file_id bigint NOT NULL, user_id bigint NOT NULL, collection_id bigint NOT NULL, is_deleted boolean DEFAULT false NOT NULL,
  is_restored boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  delete_by bigint NOT NULL, PRIMARY KEY (file_id), FOREIGN KEY (file_id, collection_id) REFERENCES collection_files (file_id, collection_id),
  CHECK (NOT (is_deleted AND is_restored)));
CREATE TABLE file_data (file_id bigint NOT NULL, user_id bigint NOT NULL, data_type object_type NOT NULL, size bigint NOT NULL,
  latest_bucket s3region NOT NULL, replicated_buckets s3region[] DEFAULT '{}' NOT NULL, delete_from_buckets s3region[] DEFAULT '{}' NOT NULL,
  inflight_rep_buckets s3region[] DEFAULT '{}' NOT NULL, is_deleted boolean DEFAULT false NOT NULL, pending_sync boolean DEFAULT true NOT NULL,
  sync_locked_till bigint DEFAULT 0 NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), obj_id text,
  obj_nonce text, obj_size bigint, PRIMARY KEY (file_id, data_type));
CREATE TABLE public_collection_tokens (id bigint GENERATED ALWAYS AS IDENTITY, collection_id bigint NOT NULL, access_token text NOT NULL,
  is_disabled boolean DEFAULT false NOT NULL, valid_till bigint DEFAULT 0 NOT NULL, device_limit int DEFAULT 0 NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), pw_hash text, pw_nonce text, mem_limit bigint,
  ops_limit bigint, enable_download boolean DEFAULT true NOT NULL, enable_comment boolean DEFAULT false NOT NULL,
  enable_collect boolean DEFAULT false NOT NULL, enable_join boolean DEFAULT true NOT NULL, min_role role_enum, PRIMARY KEY (id),
  FOREIGN KEY (collection_id) REFERENCES collections, CHECK ((pw_hash IS NULL) = (pw_nonce IS NULL)));
CREATE TABLE public_collection_access_history (share_id bigint, ip text NOT NULL, user_agent text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), UNIQUE (share_id, ip, user_agent), FOREIGN KEY (share_id) REFERENCES public_collection_tokens);
CREATE TABLE public_file_tokens (id text NOT NULL, file_id bigint NOT NULL, owner_id bigint NOT NULL, app text NOT NULL, access_token text NOT NULL,
  valid_till bigint DEFAULT 0 NOT NULL, device_limit int DEFAULT 0 NOT NULL, is_disabled boolean DEFAULT false NOT NULL,
  enable_download boolean DEFAULT true NOT NULL, pw_hash text, pw_nonce text, mem_limit bigint, ops_limit bigint,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), encrypted_file_key text, encrypted_file_key_nonce text,
  kdf_nonce text, kdf_mem_limit bigint, kdf_ops_limit bigint, encrypted_share_key text, PRIMARY KEY (id));
CREATE TABLE public_file_tokens_access_history (id text NOT NULL, ip text NOT NULL, user_agent text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), UNIQUE (id, ip, user_agent), FOREIGN KEY (id) REFERENCES public_file_tokens);
CREATE TABLE collection_actions (id text NOT NULL, user_id bigint NOT NULL, actor_user_id bigint NOT NULL, collection_id bigint NOT NULL,
  file_id bigint, data jsonb, action text NOT NULL, is_pending boolean DEFAULT true NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id));
CREATE TABLE anon_users (id text NOT NULL, collection_id bigint NOT NULL, cipher text NOT NULL, nonce text NOT NULL,
  created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id));
CREATE TABLE comments (id text NOT NULL, collection_id bigint NOT NULL, file_id bigint, parent_comment_id text, user_id bigint NOT NULL,
  anon_user_id text, cipher text, nonce text, is_deleted boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(),
  updated_at bigint NOT NULL DEFAULT micros(), PRIMARY KEY (id), FOREIGN KEY (anon_user_id) REFERENCES anon_users,
  CHECK (is_deleted = (cipher IS NULL) AND is_deleted = (nonce IS NULL)), CHECK ((user_id = -1) = (anon_user_id IS NOT NULL)));
CREATE TABLE reactions (id text NOT NULL, collection_id bigint NOT NULL, file_id bigint, comment_id text, user_id bigint NOT NULL, anon_user_id text,
  actor_key text GENERATED ALWAYS AS (coalesce('A:' || anon_user_id, 'U:' || user_id::text)) STORED, cipher text, nonce text,
  is_deleted boolean DEFAULT false NOT NULL, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros(),
  unique_key text GENERATED ALWAYS AS (coalesce('M:' || comment_id, 'F:' || collection_id::text || '/' || file_id::text, 'C:' || collection_id::text)) STORED,
  UNIQUE (actor_key, unique_key), PRIMARY KEY (id), FOREIGN KEY (anon_user_id) REFERENCES anon_users,
  CHECK (is_deleted = (cipher IS NULL) AND is_deleted = (nonce IS NULL)), CHECK ((user_id = -1) = (anon_user_id IS NOT NULL)),
  CHECK (comment_id IS NULL OR file_id IS NULL));
CREATE TABLE memory_shares (id bigserial, user_id bigint NOT NULL, type text NOT NULL, memory_hash text, metadata_cipher text, metadata_nonce text,
  mem_enc_key text NOT NULL, mem_key_decryption_nonce text NOT NULL, access_token text NOT NULL, is_deleted boolean DEFAULT false,
  created_at bigint NOT NULL, updated_at bigint NOT NULL, UNIQUE (access_token), PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users,
  CHECK (type IN ('share', 'lane')));
CREATE TABLE memory_share_files (id bigserial, memory_share_id bigint NOT NULL, file_id bigint NOT NULL, file_owner_id bigint NOT NULL,
  "position" bigint NOT NULL, file_enc_key text NOT NULL, file_key_decryption_nonce text NOT NULL, created_at bigint NOT NULL,
  UNIQUE (memory_share_id, "position"), PRIMARY KEY (id), FOREIGN KEY (memory_share_id) REFERENCES memory_shares);
CREATE TABLE public_paste_tokens (id text NOT NULL, access_token text NOT NULL, encrypted_data text NOT NULL, decryption_header text NOT NULL,
  encrypted_paste_key text NOT NULL, encrypted_paste_key_nonce text NOT NULL, kdf_nonce text NOT NULL, kdf_mem_limit bigint NOT NULL,
  kdf_ops_limit bigint NOT NULL, expires_at bigint NOT NULL, created_at bigint NOT NULL DEFAULT micros(), UNIQUE (access_token), PRIMARY KEY (id));
CREATE TABLE casting (id uuid NOT NULL, code varchar NOT NULL, public_key varchar NOT NULL, collection_id bigint, cast_user bigint,
  encrypted_payload text, token varchar, is_deleted boolean DEFAULT false, created_at bigint NOT NULL DEFAULT micros(),
  last_used_at bigint NOT NULL DEFAULT micros(), ip text NOT NULL, PRIMARY KEY (id));
CREATE TABLE events (id text NOT NULL, event text NOT NULL, app text NOT NULL, platform text NOT NULL, data jsonb DEFAULT '{}' NOT NULL,
  user_id bigint, created_at bigint NOT NULL DEFAULT micros(), updated_at bigint NOT NULL DEFAULT micros());
CREATE UNIQUE INDEX ON casting (code) WHERE (is_deleted = false);
CREATE UNIQUE INDEX ON collections (owner_id, app) WHERE (type = 'favorites');
CREATE UNIQUE INDEX ON collections (owner_id, app) WHERE (type = 'uncategorized');
CREATE UNIQUE INDEX ON emergency_recovery (user_id, emergency_contact_id, status) WHERE status IN ('WAITING', 'READY');
CREATE UNIQUE INDEX ON families (member_id, status) WHERE status IN ('ACCEPTED', 'SELF');
CREATE UNIQUE INDEX ON legacy_kit_recovery_session (kit_id) WHERE status IN ('WAITING', 'READY');
CREATE UNIQUE INDEX ON public_collection_tokens (collection_id, is_disabled) WHERE (is_disabled = false);
CREATE UNIQUE INDEX ON public_file_tokens (access_token) WHERE (is_disabled = false);
CREATE UNIQUE INDEX ON public_file_tokens (file_id, is_disabled) WHERE (is_disabled = false);
CREATE UNIQUE INDEX ON remote_store (key_value) WHERE (key_name = 'customDomain');
CREATE UNIQUE INDEX ON subscriptions (original_transaction_id) WHERE ((original_transaction_id IS NOT NULL) AND (original_transaction_id <> 'none'));
-- What came later (2026-08).
ALTER TABLE tokens ADD COLUMN token_hash bytea, ALTER COLUMN token DROP NOT NULL;
ALTER TABLE casting ADD COLUMN device_name text, ADD COLUMN pq_public_key text;
