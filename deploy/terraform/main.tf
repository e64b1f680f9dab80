# A traffic mirror: a network load balancer takes VXLAN, instances with Flumen take the inner packets out, translate
# and deliver them.

locals {
  vxlan_port       = 4789
  second_interface = var.target_interface != var.interface

  # The instances send metrics in its name, so it is known before the group is.
  group = "${var.name}-group"

  tags = merge({ Name = var.name }, var.tags)
}

data "aws_vpc" "this" {
  id = var.vpc_id
}

data "aws_partition" "this" {}

data "aws_ssm_parameter" "debian" {
  count = var.image_id == null ? 1 : 0
  name  = "/aws/service/debian/release/13/latest/amd64"
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "VXLAN from mirrored networks, and the load balancer's health checks"
  vpc_id      = var.vpc_id
  tags        = local.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "vxlan" {
  for_each          = toset(var.source_cidr_blocks)
  security_group_id = aws_security_group.this.id
  description       = "Mirrored frames"
  ip_protocol       = "udp"
  from_port         = local.vxlan_port
  to_port           = local.vxlan_port
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_ingress_rule" "health" {
  security_group_id = aws_security_group.this.id
  description       = "Health checks and metrics, from addresses of the VPC"
  ip_protocol       = "tcp"
  from_port         = var.health_check_port
  to_port           = var.health_check_port
  cidr_ipv4         = data.aws_vpc.this.cidr_block
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  description       = "Inner packets, wherever they go"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_lb" "this" {
  name                             = "${var.name}-nlb"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = var.subnet_ids
  enable_cross_zone_load_balancing = true
  tags                             = local.tags
}

resource "aws_lb_target_group" "this" {
  name                 = "${var.name}-tg"
  vpc_id               = var.vpc_id
  port                 = local.vxlan_port
  protocol             = "UDP"
  target_type          = "instance"
  deregistration_delay = 30
  tags                 = local.tags

  health_check {
    protocol            = "HTTP"
    path                = "/health"
    port                = tostring(var.health_check_port)
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "vxlan" {
  load_balancer_arn = aws_lb.this.arn
  port              = local.vxlan_port
  protocol          = "UDP"
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_iam_role" "this" {
  name_prefix = "${var.name}-"
  tags        = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "metrics" {
  name = "metrics"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "cloudwatch:PutMetricData"
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = var.metric_namespace } }
    }]
  })
}

# Inner packets keep their source address, which is not the instance's.
resource "aws_iam_role_policy" "forwarding" {
  name = "forwarding"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "ec2:ModifyNetworkInterfaceAttribute"
      Resource  = "arn:${data.aws_partition.this.partition}:ec2:*:*:network-interface/*"
      Condition = { StringEquals = { "aws:ResourceTag/flumen:mirror" = var.name } }
    }]
  })
}

resource "aws_iam_role_policy" "package" {
  count = var.package_bucket_arn == null ? 0 : 1
  name  = "package"
  role  = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${var.package_bucket_arn}/*"
    }]
  })
}

resource "aws_iam_instance_profile" "this" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.this.name
  tags        = local.tags
}

resource "aws_launch_template" "this" {
  name_prefix            = "${var.name}-"
  image_id               = coalesce(var.image_id, try(data.aws_ssm_parameter.debian[0].value, null))
  instance_type          = var.instance_type
  key_name               = var.key_name
  update_default_version = true
  tags                   = local.tags

  user_data = base64encode(templatefile("${path.module}/user-data.sh.tftpl", {
    package_url      = var.package_url
    package_sha256   = var.package_sha256
    interface        = var.interface
    target_interface = var.target_interface
    nat_ip           = var.nat_ip
    nat_port         = var.nat_port
    source_port      = var.source_port
    vni              = var.vni
    metrics_port     = var.health_check_port
    namespace        = var.metric_namespace
    group            = local.group
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  network_interfaces {
    device_index          = 0
    delete_on_termination = true
    security_groups       = [aws_security_group.this.id]
  }

  dynamic "network_interfaces" {
    for_each = local.second_interface ? [1] : []

    content {
      device_index          = network_interfaces.value
      delete_on_termination = true
      security_groups       = [aws_security_group.this.id]
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = local.tags
  }

  tag_specifications {
    resource_type = "network-interface"
    tags          = merge(local.tags, { "flumen:mirror" = var.name })
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = local.group
  min_size                  = 1
  max_size                  = var.max_size
  desired_capacity          = 1
  vpc_zone_identifier       = var.subnet_ids
  target_group_arns         = [aws_lb_target_group.this.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 180

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
    }
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_policy" "network" {
  name                   = "${var.name}-network"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
