CREATE FUNCTION touch() RETURNS trigger AS $body$
BEGIN
    NEW.name := upper(NEW.name);
    RETURN NEW;
END;
$body$ LANGUAGE plpgsql;
CREATE TRIGGER touch_users BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();
