import Retention
import Settings

extension RetentionPolicy {
  /// Reads the operator's rules. The default rules count only where no rule at all is set.
  ///
  /// A rule that is set to 0 is off. If that leaves no rule, the start is refused: without keep rules every dump would
  /// stay for ever, which nobody who sets rules wants.
  static func load(_ reader: inout EnvironmentReader) -> RetentionPolicy {
    let rules = SidecarConfiguration.settings.retention
    let counts: [(setting: Setting<Int>, field: WritableKeyPath<RetentionPolicy, Int>)] = [
      (rules.last, \.last), (rules.hourly, \.hourly), (rules.daily, \.daily), (rules.weekly, \.weekly),
      (rules.monthly, \.monthly), (rules.yearly, \.yearly),
    ]
    let caps: [(setting: OptionalSetting<Int>, field: WritableKeyPath<RetentionPolicy, Int?>)] = [
      (rules.within, \.within), (rules.maximumBytes, \.maximumBytes), (rules.maximumCount, \.maximumCount),
    ]
    let isAnySet =
      counts.contains { reader.isSet($0.setting) } || caps.contains { reader.isSet($0.setting) }
    var policy = RetentionPolicy()
    var off: [any DeclaredSetting] = []
    for (setting, field) in counts {
      let given = reader.given(setting, absent: isAnySet ? "off" : setting.description.standard)
      if given == 0 { off.append(setting) }
      policy[keyPath: field] = given ?? (isAnySet ? 0 : setting.standard)
    }
    for (setting, field) in caps {
      let given = reader.value(of: setting)
      if given == 0 { off.append(setting) }
      policy[keyPath: field] = given.flatMap { $0 > 0 ? $0 : nil }
    }
    // It is no rule for dumps of its own, and has its default also beside an operator's rules.
    policy.journal = reader.value(of: rules.journal)
    guard policy.isEmpty else { return policy }
    for setting in off { reader.fault(setting, sentence(ofRuleThatIsOff: setting.description)) }
    return policy
  }

  private static func sentence(ofRuleThatIsOff rule: SettingDescription) -> String {
    let flag = rule.flagName.map { " (\($0))" } ?? ""
    return
      "is 0\(flag), which switches this rule off, and no other rule is on, so nothing says which dumps stay. Set a rule above 0, such as KEEP_LAST=5, or set none for the defaults"
  }
}
