ALTER TABLE users ADD COLUMN made_at timestamptz DEFAULT now();
ALTER TABLE teams ADD COLUMN made_at timestamptz DEFAULT now();
