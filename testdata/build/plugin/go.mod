module example.com/plugin

go 1.21

require (
	example.com/Native v1.0.0
	example.com/dep v1.0.0
	example.com/host v1.0.0
)
