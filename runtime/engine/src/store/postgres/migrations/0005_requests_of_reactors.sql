-- Whose aggregate it is: a reactor's, or where there is none the views'.

ALTER TABLE operator_requests ADD COLUMN reactor TEXT COLLATE "C";
