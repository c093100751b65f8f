DELETE FROM teams WHERE name = 'red';
