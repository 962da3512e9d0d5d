module example.com/big

go 1.25.0

require (
	github.com/gin-gonic/gin v1.10.0
	golang.org/x/tools v0.51.0
	google.golang.org/protobuf v1.36.11
)
