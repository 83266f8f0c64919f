-- What the tests look up.
create table users (id int primary key, name varchar(20), balance numeric(10, 2));
insert into users values (1, 'Ann', 12.50), (2, 'Bob "B" Ümit', null);
create table "Odd Names" ("the key" text primary key, v int);
insert into "Odd Names" values ('a''b', 1);
create schema other;
create table other.typed (u uuid unique, d date unique);
insert into other.typed values ('3f2b8c1e-0000-4a5b-8c9d-0123456789ab', '2026-03-01');
create table twice (id int);
insert into twice values (1), (1);
create view hidden as select id, 1 / (id - id) as x from users;
-- Whoever asks it breaks all other connections.
create view killer as
  select 1 as id, count(pg_terminate_backend(pid)) as n
  from pg_stat_activity where application_name = 'ssectl' and pid <> pg_backend_pid();
create table countries (code text primary key, name text, people bigint);
insert into countries select 'c' || n, 'country ' || n, n * 1000 from generate_series(0, 199) as n;
