module example.com/trial

go 1.26.0
