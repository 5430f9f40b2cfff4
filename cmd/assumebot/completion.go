package main

import "github.com/spf13/cobra"

const completionAbout = `Print what has a shell complete commands, flags, and names of the config. For good:

  bash  echo 'source <(assumebot completion bash)' >>~/.bashrc
        where the package bash-completion is installed
  zsh   echo 'source <(assumebot completion zsh)' >>~/.zshrc
        which calls compinit before
  fish  assumebot completion fish >~/.config/fish/completions/assumebot.fish
  powershell
        assumebot completion powershell >>$PROFILE`

func completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print a completion script for a shell",
		Long:      completionAbout,
		Example:   "  source <(assumebot completion bash)",
		ValidArgs: shells,
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usagef(c, "which shell? Give %s", oneOf(shells))
			case 1:
				return nil
			}
			return usagef(c, "unexpected %q: give one shell", args[1])
		},
		RunE: func(c *cobra.Command, args []string) error {
			root, out := c.Root(), c.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usagef(c, "unknown shell %q: give %s", args[0], oneOf(shells))
		},
	}
}
