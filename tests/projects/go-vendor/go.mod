module example.com/shop

go 1.22

require (
	example.com/clock v1.0.0
	example.com/greeting v1.2.0
	example.com/stock v0.3.0
)
