module example.com/lite

go 1.22
