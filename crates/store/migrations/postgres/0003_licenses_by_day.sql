-- What ends on a day, in the order of creation, with all that a list of an administrator asks of it.
CREATE INDEX licenses_expiry_day ON licenses (account_id, (expiry / 86400000000), created_at, id, environment_id, expiry);
