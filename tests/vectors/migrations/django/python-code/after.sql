UPDATE shop_order SET note = 'none' WHERE note = '';
