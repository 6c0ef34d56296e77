/// A permission that a role may give. The raw values are the fields of a role's document; everything that lists
/// permissions derives from these cases.
package enum Permission: String, Sendable, CaseIterable {
  // The order is the one in which Doorman lists the fields of a role.
  case manageUsers = "manage_users"
  case manageAPIs = "manage_apis"
  case manageEndpoints = "manage_endpoints"
  case manageGroups = "manage_groups"
  case manageRoles = "manage_roles"
  case manageRoutings = "manage_routings"
  case manageGateway = "manage_gateway"
  case manageSubscriptions = "manage_subscriptions"
  case manageSecurity = "manage_security"
  case manageTiers = "manage_tiers"
  case manageRateLimits = "manage_rate_limits"
  case manageCredits = "manage_credits"
  case manageAuth = "manage_auth"
  case viewAnalytics = "view_analytics"
  case viewLogs = "view_logs"
  case exportLogs = "export_logs"
}

extension Permission {
  /// Whether tokens show the permission to administration interfaces, as Doorman's do. The server itself reads the
  /// role.
  package var isShownInTokens: Bool {
    switch self {
    case .manageUsers, .manageAPIs, .manageEndpoints, .manageGroups, .manageRoles, .manageRoutings, .manageGateway,
      .manageSubscriptions, .manageSecurity, .viewLogs, .exportLogs:
      true
    case .manageTiers, .manageRateLimits, .manageCredits, .manageAuth, .viewAnalytics:
      false
    }
  }
}
