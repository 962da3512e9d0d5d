module example.com/small

go 1.21

require example.com/contract v1.0.0
