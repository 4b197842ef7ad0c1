-- Counting the machines of a licence, and adding up what they have, reads nothing but this index.
DROP INDEX machines_license;
CREATE INDEX machines_license ON machines (account_id, license_id, created_at, id, cores, memory, disk);
