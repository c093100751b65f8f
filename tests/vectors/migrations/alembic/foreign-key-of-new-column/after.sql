ALTER TABLE users ADD COLUMN second_team_id integer;
ALTER TABLE users ADD CONSTRAINT fk_users_second FOREIGN KEY (second_team_id) REFERENCES teams (id) ON DELETE SET NULL;
ALTER TABLE users ADD CONSTRAINT uq_users_second UNIQUE (second_team_id, email);
