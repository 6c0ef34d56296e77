resource "aws_efs_file_system" "volume" {
  encrypted        = true
  performance_mode = "generalPurpose"
  throughput_mode  = var.efs_throughput

  tags = {
    Name = var.name
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "volume" {
  file_system_id = aws_efs_file_system.volume.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_file_system_policy" "volume" {
  file_system_id = aws_efs_file_system.volume.id
  policy         = templatefile("${local.documents}/file-system-policy.json", local.names)
}

resource "aws_efs_access_point" "volume" {
  file_system_id = aws_efs_file_system.volume.id

  posix_user {
    uid = 10001
    gid = 10001
  }

  root_directory {
    path = "/generated"

    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0750"
    }
  }
}

resource "aws_efs_mount_target" "volume" {
  for_each = toset(var.subnets)

  file_system_id  = aws_efs_file_system.volume.id
  subnet_id       = each.value
  security_groups = [aws_security_group.volume.id]
}
