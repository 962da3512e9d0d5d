module example.com/loadsbut

go 1.24
