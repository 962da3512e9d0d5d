module gopkg.in/odd.v1

go 1.16
