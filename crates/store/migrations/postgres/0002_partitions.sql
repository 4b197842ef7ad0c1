-- The logs in partitions by time (docs/decisions/0008). A partition has a range of ids, whose first half is the time at
-- which they were made. What no partition has is in the default one.

-- What no id made at a time or later is less than.
CREATE FUNCTION first_id_at(at TIMESTAMPTZ) RETURNS TEXT LANGUAGE sql STABLE AS $body$
    SELECT left(hex, 8) || '-' || right(hex, 4)
    FROM lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex
$body$;

-- The partitions of a table but the default one, and the ids at which they begin and end.
CREATE FUNCTION partitions_of(log TEXT) RETURNS TABLE (name TEXT, since TEXT, until TEXT) LANGUAGE sql STABLE AS $body$
    SELECT c.relname::text, coalesce(substring(range FROM 'FROM \(''([^'']+)''\)'), ''),
        substring(range FROM 'TO \(''([^'']+)''\)')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) AS range
    WHERE i.inhparent = to_regclass(log) AND range <> 'DEFAULT'
$body$;

-- Makes the partitions of the step (day, month) that a time is in and of those after it, and says how many there were not.
-- Entries that were waiting for one in the default partition move there.
CREATE FUNCTION make_partitions(log TEXT, step TEXT, at BIGINT, ahead BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $body$
DECLARE
    opening TIMESTAMP := date_trunc(step, to_timestamp(at / 1000000) AT TIME ZONE 'UTC');
    rest CONSTANT TEXT := log || '_default';
    made BIGINT := 0;
    part TEXT;
    low TEXT;
    high TEXT;
BEGIN
    FOR number IN 0..ahead LOOP
        part := log || to_char(opening, CASE step WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY_MM_DD' END);
        low := first_id_at(opening AT TIME ZONE 'UTC');
        opening := opening + ('1 ' || step)::interval;
        high := first_id_at(opening AT TIME ZONE 'UTC');
        CONTINUE WHEN EXISTS (
            SELECT FROM partitions_of(log) WHERE since < high COLLATE "C" AND until > low COLLATE "C"
        );
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, log);
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', rest);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE id >= %L AND id < %L RETURNING *) '
            'INSERT INTO %I SELECT * FROM moved', rest, low, high, part);
        -- Locks less than making it where it belongs does: readers and writers of the log go on.
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', log, part, low, high);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$body$;

-- Drops the first partition of which every entry is older than a time, and says its name.
CREATE FUNCTION drop_partition(log TEXT, before BIGINT) RETURNS TEXT LANGUAGE plpgsql AS $body$
DECLARE
    part TEXT;
    young BOOLEAN;
BEGIN
    FOR part IN
        SELECT name FROM partitions_of(log)
        WHERE until <= first_id_at(to_timestamp(before / 1000000)) COLLATE "C" ORDER BY until COLLATE "C"
    LOOP
        -- An id may have been made elsewhere, and say nothing of its entry's time.
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', part);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE created_at >= $1)', part) INTO young USING before;
        IF NOT young THEN
            EXECUTE format('DROP TABLE %I', part);
            RETURN part;
        END IF;
    END LOOP;
    RETURN NULL;
END
$body$;

ALTER TABLE event_logs RENAME TO event_logs_before;
ALTER TABLE event_logs_before RENAME CONSTRAINT event_logs_pkey TO event_logs_before_pkey;
ALTER INDEX event_logs_created RENAME TO event_logs_before_created;
ALTER INDEX event_logs_resource RENAME TO event_logs_before_resource;
ALTER INDEX event_logs_event RENAME TO event_logs_before_event;
CREATE TABLE event_logs (LIKE event_logs_before) PARTITION BY RANGE (id);
ALTER TABLE event_logs ADD PRIMARY KEY (account_id, id);
CREATE INDEX event_logs_created ON event_logs (account_id, created_at, id);
CREATE INDEX event_logs_resource ON event_logs (account_id, resource_id, created_at, id);
CREATE INDEX event_logs_event ON event_logs (account_id, event, created_at, id);

ALTER TABLE request_logs RENAME TO request_logs_before;
ALTER TABLE request_logs_before RENAME CONSTRAINT request_logs_pkey TO request_logs_before_pkey;
ALTER INDEX request_logs_created RENAME TO request_logs_before_created;
ALTER INDEX request_logs_requestor RENAME TO request_logs_before_requestor;
ALTER INDEX request_logs_resource RENAME TO request_logs_before_resource;
CREATE TABLE request_logs (LIKE request_logs_before) PARTITION BY RANGE (id);
ALTER TABLE request_logs ADD PRIMARY KEY (account_id, id);
CREATE INDEX request_logs_created ON request_logs (account_id, created_at, id);
CREATE INDEX request_logs_requestor ON request_logs (account_id, requestor_id, created_at, id);
CREATE INDEX request_logs_resource ON request_logs (account_id, resource_id, created_at, id);

-- What was logged so far becomes the first partition as it is, up to the end of the step that is now.
DO $body$
DECLARE
    log TEXT;
    step TEXT;
    ahead BIGINT;
    high TEXT;
BEGIN
    FOR log, step, ahead IN VALUES ('event_logs', 'month', 2), ('request_logs', 'day', 7) LOOP
        high := first_id_at((date_trunc(step, now() AT TIME ZONE 'UTC') + ('1 ' || step)::interval) AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', log || '_default', log);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE id >= %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
            log || '_before', high, log || '_default');
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', log, log || '_before', high);
        PERFORM make_partitions(log, step, (extract(epoch FROM now()) * 1000000)::bigint, ahead);
    END LOOP;
END
$body$;
