// In GOPATH mode this file alone makes the import path .../v3 resolve to Debian's package, which has no v3 directory.
module voice-gateway-pion

go 1.19
