module example.com/app

go 1.21

require (
	example.com/Native v1.0.0
	example.com/contract v1.0.0
	example.com/dep v1.1.0
	example.com/inc v2.0.0+incompatible
	example.com/major/v2 v2.1.0
	example.com/nest v1.0.0
	example.com/nest/inner v1.2.0
	example.com/pseudo v0.0.0-20240102030405-0123456789ab
	gopkg.in/odd.v1 v1.3.0
)
