INSERT INTO ops.audit (tenant_id, actor, action, subject, details)
SELECT tenant_id, $1, $2, subject, details
FROM unnest($3::text[], $4::text[], $5::jsonb[]) AS change (tenant_id, subject, details);
