INSERT INTO users (email, name, age) VALUES ('cid@example.com', 'Cid', 50);
SELECT id, email, name, age, state FROM users WHERE team_id = 1;
UPDATE users SET name = 'Ben', age = age + 1 WHERE email = 'bob@example.com';
DELETE FROM users WHERE email = 'cid@example.com';
SELECT name FROM adults;
