"""The tests of Darkroom; a package so that the client in tests/clients can be imported from every folder."""
