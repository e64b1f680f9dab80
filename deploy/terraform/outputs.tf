output "load_balancer_arn" {
  description = "Load balancer that takes the mirrored frames."
  value       = aws_lb.this.arn
}

output "load_balancer_dns_name" {
  description = "Its name."
  value       = aws_lb.this.dns_name
}

output "traffic_mirror_target_id" {
  description = "Target for further mirror sessions."
  value       = aws_ec2_traffic_mirror_target.this.id
}

output "traffic_mirror_filter_id" {
  description = "Filter that takes everything."
  value       = aws_ec2_traffic_mirror_filter.this.id
}

output "autoscaling_group_name" {
  description = "Group of the instances."
  value       = aws_autoscaling_group.this.name
}

output "security_group_id" {
  description = "Security group of the instances."
  value       = aws_security_group.this.id
}
