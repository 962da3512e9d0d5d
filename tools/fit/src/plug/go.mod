module example.com/plug

go 1.21

require (
	example.com/Native v1.0.0
	example.com/app v1.0.0
	example.com/dep v1.0.0
)
