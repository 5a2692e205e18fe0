"""`darkroom db copy`: one database into another, between the engines or within one."""
