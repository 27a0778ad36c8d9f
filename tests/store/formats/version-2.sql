-- A database of format 2, as `sqlite3 ttsd.db .dump` gives it. Never edited: it is restored by a test for ever.
PRAGMA application_id = 1953788772;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE files (
            id integer primary key autoincrement,
            path text not null,
            identity text not null,
            offset integer not null,
            prefix blob not null,
            marker blob not null,
            modified integer not null,
            home text,
            skipping integer not null,
            shrunk_at real,
            seen_at real not null
        ) strict;
INSERT INTO "files" VALUES(1,'/logs/chat.log','801:2a',27,X'6F6E650A74776F0A74687265650AFFFE20636166C3A90A',X'000102030405060708090A0B0C0D0E0F',1700000000123456789,NULL,0,NULL,1700000000.0);
INSERT INTO "files" VALUES(2,'/logs/chat.log.1','801:2b',9,X'726F7461746564210A',X'00000000000000000000000000000000',0,'/logs/chat.log',1,NULL,1700000000.0);
INSERT INTO "files" VALUES(3,'/logs/chat.log','801:2a',4,X'6F6C640A',X'00000000000000000000000000000000',0,NULL,0,1700000000.5,1700000000.0);
CREATE TABLE history (
            id integer primary key,
            source text not null,
            text text not null,
            state text not null,
            engine text,
            voice text,
            queued_at real not null,
            ended_at real not null,
            seconds real not null,
            reason text,
            trace text not null
        ) strict;
INSERT INTO "history" VALUES(1,'chat','one','spoken','tone','v',1700000000.0,1700000002.0,1.5,NULL,'{"committed": 1700000002.0}');
INSERT INTO "history" VALUES(2,'chat','two','skipped','tone','v',1700000000.0,1700000002.0,0.0,'somebody skipped it','{}');
CREATE TABLE patterns (pattern text primary key, met_at real not null) strict;
INSERT INTO "patterns" VALUES('["/logs/*.log", ["*"], []]',1700000000.0);
CREATE TABLE queue (
            id integer primary key autoincrement,
            source text not null,
            text text not null,
            queued_at real not null,
            state text not null default 'queued',
            priority integer not null default 1,
            voice text,
            engine text,
            key text,
            expires_at real,
            place real
        , appended_at real) strict;
INSERT INTO "queue" VALUES(3,'chat','three',1700000000.0,'speaking',1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "queue" VALUES(4,'chat','it''s “quoted” — café',1700000000.0,'queued',1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "queue" VALUES(5,'chat','five',1700000000.0,'queued',1,NULL,NULL,NULL,NULL,3.5,1699999999.5);
INSERT INTO "queue" VALUES(6,'say','said directly',1700000000.0,'queued',3,'anna','piper','greeting',1700003600.0,NULL,NULL);
CREATE TABLE totals (name text primary key, n integer not null) strict;
INSERT INTO "totals" VALUES('lines',5);
INSERT INTO "totals" VALUES('accepted',6);
INSERT INTO "totals" VALUES('spoken',1);
INSERT INTO "totals" VALUES('skipped',1);
CREATE INDEX queue_next on queue (priority desc, coalesce(place, id)) where state = 'queued';
CREATE INDEX queue_key on queue (key) where key is not null;
CREATE INDEX history_ended on history (ended_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('files',3);
INSERT INTO "sqlite_sequence" VALUES('queue',6);
COMMIT;
