int kept(void);
int kept_after(int fault);
