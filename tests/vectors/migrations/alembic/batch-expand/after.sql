ALTER TABLE users ADD COLUMN nick text;
DROP INDEX ix_users_age;
CREATE INDEX ix_users_nick ON users (nick);
