locals {
  dimensions = { AutoScalingGroupName = aws_autoscaling_group.this.name }
}

resource "aws_cloudwatch_metric_alarm" "packet_rate" {
  alarm_name          = "${var.name}-packet-rate"
  alarm_description   = "Packets a second ${var.packet_rate_alarm} ${var.packet_rate_threshold}."
  namespace           = var.metric_namespace
  metric_name         = "PacketsPerSecond"
  dimensions          = local.dimensions
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 2
  threshold           = var.packet_rate_threshold
  comparison_operator = var.packet_rate_alarm == "above" ? "GreaterThanOrEqualToThreshold" : "LessThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "Packets that could not be processed: flumen show reasons --seen says why."
  namespace           = var.metric_namespace
  metric_name         = "Errors"
  dimensions          = local.dimensions
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "healthy_hosts" {
  alarm_name          = "${var.name}-healthy-hosts"
  alarm_description   = "No instance takes mirrored frames."
  namespace           = "AWS/NetworkELB"
  metric_name         = "HealthyHostCount"
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags

  dimensions = {
    LoadBalancer = aws_lb.this.arn_suffix
    TargetGroup  = aws_lb_target_group.this.arn_suffix
  }
}
