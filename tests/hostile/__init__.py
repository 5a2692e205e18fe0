"""What strangers, careless clients and sick machines do to a server. Each case failed once."""
