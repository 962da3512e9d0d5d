module example.com/todolint

go 1.26.0

require golang.org/x/tools v0.50.0
