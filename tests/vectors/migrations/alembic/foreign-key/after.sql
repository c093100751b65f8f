ALTER TABLE users ADD FOREIGN KEY (team_id) REFERENCES teams (id);
