ALTER TABLE users ADD COLUMN lower_email text;
UPDATE users SET lower_email = lower(email) WHERE lower_email IS NULL;
ALTER TABLE users ALTER COLUMN lower_email SET DEFAULT '';
ALTER TABLE users ALTER COLUMN lower_email SET NOT NULL;
