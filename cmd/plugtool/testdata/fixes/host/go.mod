module example.com/host

go 1.21

require (
	example.com/dep v1.0.0
	example.com/mid v1.0.0
	example.com/two v1.0.0
)
