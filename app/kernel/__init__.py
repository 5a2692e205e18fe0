"""What every feature stands on: errors, time, configuration, cryptography, the wire's rules, access, quota, sync, sessions, limits, jobs.

Knows no feature, no route and no command; `app.db` and `app.http` beside it are its equals.
"""
