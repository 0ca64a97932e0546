DROP TABLE ops.command;
