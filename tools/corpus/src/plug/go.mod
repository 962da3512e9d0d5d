module example.com/plug

go 1.21

require (
	example.com/app v1.0.0
	example.com/lib v1.0.0
	example.com/only v1.0.0
)
