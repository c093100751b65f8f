ALTER TABLE shop_order ADD COLUMN made_at timestamptz DEFAULT (statement_timestamp()) NOT NULL;
