UPDATE shop_order SET paid_at = now() WHERE paid_at IS NULL;
ALTER TABLE shop_order ALTER COLUMN paid_at SET NOT NULL;
