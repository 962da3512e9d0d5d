module example.com/Native

go 1.16
