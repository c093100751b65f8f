UPDATE users SET name = 'a;b' WHERE false;
ALTER TABLE public."users" ADD COLUMN IF NOT EXISTS born date, DROP COLUMN IF EXISTS "age";
