ALTER TABLE shop_order RENAME COLUMN number TO code;
