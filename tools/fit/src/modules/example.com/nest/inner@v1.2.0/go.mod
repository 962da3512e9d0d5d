module example.com/nest/inner

go 1.16
