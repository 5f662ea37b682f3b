module meant

go 1.21
