module example.com/plugin

go 1.21

require (
	example.com/dep v1.0.0
	example.com/host v1.0.0
	example.com/mid v1.0.0
	example.com/two v1.0.0
)
